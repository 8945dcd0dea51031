import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Probe } from '../health/probe.js';
import { type RouteAnswer, type RouteRequest, textAnswer } from '../server/probes/own-route.js';
import { createManagementListener } from './listener.js';
import type { FromThread, ThreadData, ToThread, Verdicts } from './messages.js';
import { StallGauge } from './stall.js';
import { probeOf, stalledAnswer } from './stalled-answer.js';

// The thread of the management port. It asks the main thread everything, and stands in for it while that is blocked.

interface Waiting {
  readonly request: RouteRequest;
  readonly probe: Probe | undefined;
  readonly resolve: (answer: RouteAnswer) => void;
  looks: number;
}

const lookMs = 100;
/** A main thread that has not moved for this long is blocked: a kubelet waits for 1 s, so there is no time to see whether it ends. */
const blockedMs = 500;
/** How many looks anything else waits for the main thread: 8 s, below the 10 s of a Prometheus scrape. */
const patienceLooks = 80;
const maxWaiting = 1_000;

const port = parentPort as MessagePort;
const data = workerData as ThreadData;
const beat = new Int32Array(data.beat);
const gauge = new StallGauge(() => Atomics.load(beat, 0), lookMs);
const waiting = new Map<number, Waiting>();
let verdicts: Verdicts | undefined;
let lastId = 0;

const send = (message: FromThread) => port.postMessage(message);

port.on('message', (message: ToThread) => {
  if (message.kind === 'verdicts') verdicts = message.verdicts;
  else {
    waiting.get(message.id)?.resolve(message.answer);
    waiting.delete(message.id);
  }
});

setInterval(() => {
  gauge.look();
  for (const [id, one] of waiting) {
    one.looks += 1;
    const isHopeless = one.probe === undefined ? one.looks >= patienceLooks : gauge.stalledMs >= blockedMs;
    if (!isHopeless) continue;
    waiting.delete(id);
    one.resolve(answerInPlace(one.probe, one.request));
  }
}, lookMs);

function answerInPlace(probe: Probe | undefined, request: RouteRequest): RouteAnswer {
  const stall = { stalledMs: gauge.stalledMs, maxStallMs: data.maxStallMs };
  const answer = stalledAnswer(probe, request, verdicts, stall, Math.random);
  if (probe !== undefined) send({ kind: 'answered', probe, statusCode: answer.status });
  return answer;
}

createManagementListener({
  host: data.host,
  port: data.port,
  answer(request) {
    const probe = probeOf(data, request);
    if (probe !== undefined && gauge.stalledMs >= blockedMs)
      return Promise.resolve(answerInPlace(probe, request));
    if (waiting.size >= maxWaiting) return Promise.resolve(textAnswer(503, 'too many requests at once'));
    return new Promise((resolve) => {
      lastId += 1;
      waiting.set(lastId, { request, probe, resolve, looks: 0 });
      send({ kind: 'request', id: lastId, request });
    });
  },
  onListening: (address) => send({ kind: 'listening', address }),
  onError: ({ code, message }) => send({ kind: 'failed', code, message }),
});
