import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Probe } from '../health/probe.js';
import type { ManagementListenerParts } from './listener.js';
import { BEAT_MS, type FromThread, type ThreadData, type ToThread, type Verdicts } from './messages.js';

export interface ManagementThreadParts extends ManagementListenerParts {
  readonly probes: ThreadData['probes'];
  readonly maxStallMs: number | undefined;
  readonly verdicts: () => Verdicts;
  readonly onAnswered: (probe: Probe, statusCode: number) => void;
  /** The thread could not be started, or has ended. */
  readonly onEnd: (error: unknown) => void;
  /** Calls `run` every so often, never keeps the process alive, and returns what stops it. */
  readonly every: (ms: number, run: () => void) => () => void;
}

export interface ManagementThread {
  /** Sends the thread the verdicts to answer probes with if this thread is blocked from now on. */
  publish(): void;
  close(): Promise<void>;
}

/**
 * Serves the management port from a worker thread, which does not keep the process alive.
 * @throws where there can be no thread, as in a bundle that has lost its file
 */
export function createManagementThread(
  parts: ManagementThreadParts,
  file = join(__dirname, 'worker.js'),
): ManagementThread {
  const beat = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const count = new Int32Array(beat);
  const { host, port, probes, maxStallMs } = parts;
  const data: ThreadData = { host, port, probes, maxStallMs, beat };
  // Without the flags and NODE_OPTIONS of the process: an --import would instrument this thread, too.
  const worker = new Worker(file, { workerData: data, execArgv: [], env: {}, name: 'golden-signals' });
  const send = (message: ToThread) => worker.postMessage(message);
  let isClosed = false;
  let published = '';

  function publish(): void {
    const verdicts = parts.verdicts();
    const text = JSON.stringify(verdicts);
    if (isClosed || text === published) return;
    published = text;
    send({ kind: 'verdicts', verdicts });
  }

  function end(error: unknown): void {
    if (isClosed) return;
    isClosed = true;
    stop();
    parts.onEnd(error);
  }

  const stop = parts.every(BEAT_MS, () => {
    Atomics.add(count, 0, 1);
    publish();
  });
  worker.on('message', (message: FromThread) => {
    if (message.kind === 'listening') parts.onListening(message.address);
    else if (message.kind === 'failed')
      parts.onError(Object.assign(new Error(message.message), { code: message.code }));
    else if (message.kind === 'answered') parts.onAnswered(message.probe, message.statusCode);
    else {
      const { id, request } = message;
      void parts.answer(request).then((answer) => {
        if (!isClosed) send({ kind: 'answer', id, answer });
      });
    }
  });
  worker.on('error', end);
  worker.on('exit', (code) => end(new Error(`the thread of the management port ended with code ${code}`)));
  worker.unref();
  publish();
  return {
    publish,
    async close() {
      if (isClosed) return;
      isClosed = true;
      stop();
      await worker.terminate();
    },
  };
}
