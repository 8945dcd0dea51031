import { randomUUID } from 'node:crypto';
import * as http from 'node:http';
import * as https from 'node:https';
import type { TLSSocket } from 'node:tls';
import { runSuppressed } from '../../context/suppressed.js';

/** The beginning of an application's answer, by which two of its answers are compared. */
export interface AnswerSample {
  readonly status: number;
  /** The Content-Type; empty without one. */
  readonly type: string;
  /** Of the body; empty for HEAD. */
  readonly start: string;
}

/** How much of a body is compared, in bytes. */
const sampleBytes = 256;
/** How long the application may take, in milliseconds: a probe waits meanwhile, and a kubelet gives up after 1 s. */
const patienceMs = 250;

/** True for an answer that begins as one to any path does; `chunk` is the first of its body, and all of it where it `isWhole`. */
export function isAlike(
  sample: AnswerSample,
  { status, type }: Pick<AnswerSample, 'status' | 'type'>,
  chunk: string | Uint8Array,
  isWhole: boolean,
): boolean {
  if (sample.status !== status || sample.type !== type) return false;
  const start = startOf(chunk);
  return isWhole ? sample.start === start : start !== '' && sample.start.startsWith(start);
}

function startOf(chunk: string | Uint8Array): string {
  return Buffer.from(chunk as string)
    .subarray(0, sampleBytes)
    .toString('latin1');
}

/**
 * Asks an application for random paths that it cannot have a route for: its answer there is its answer to everything. It sends a real
 * request over a connection to the server that the probe came to, as an application may look at any part of a request.
 */
export class Elsewhere {
  readonly #underWay = new Set<string>();

  /** True for a request of its own. */
  has(url: string): boolean {
    return this.#underWay.size > 0 && this.#underWay.has(url);
  }

  /** `answered` is called once, now or later: with undefined where there was no answer in time, or the server cannot be asked. */
  ask(probe: http.IncomingMessage, answered: (sample: AnswerSample | undefined) => void): void {
    const path = `/${(probe.url ?? '').charAt(1)}${randomUUID()}`;
    this.#underWay.add(path);
    runSuppressed(() => {
      let isOver = false;
      const end = (sample: AnswerSample | undefined) => {
        if (isOver) return;
        isOver = true;
        clearTimeout(timer);
        this.#underWay.delete(path);
        answered(sample);
        request?.destroy();
      };
      const timer = setTimeout(() => end(undefined), patienceMs);
      timer.unref();
      const request = requestFor(probe, path);
      request?.on('error', () => end(undefined));
      request?.on('response', (response) => {
        const status = response.statusCode ?? 0;
        const type = response.headers['content-type'] ?? '';
        let body = Buffer.alloc(0);
        response.on('error', () => end(undefined));
        response.on('data', (chunk: Buffer) => {
          body = Buffer.concat([body, chunk]);
          if (body.length >= sampleBytes) end({ status, type, start: startOf(body) });
        });
        response.on('end', () => end({ status, type, start: startOf(body) }));
      });
      // At once, so that an answer of HTTP/2 goes out by the very calls that the application makes.
      if (request === undefined) end(undefined);
    });
  }
}

/** A request of the probe's kind, by the way that the probe came; undefined for HTTP/2 and where that way is not known. */
function requestFor(probe: http.IncomingMessage, path: string): http.ClientRequest | undefined {
  const { socket, headers, httpVersionMajor, method } = probe;
  const { localAddress, localPort } = socket;
  if (httpVersionMajor >= 2 || localAddress === undefined || localPort === undefined) return undefined;
  const { open, more } =
    (socket as Partial<TLSSocket>).encrypted === true
      ? { open: https.request, more: { rejectUnauthorized: false } }
      : { open: http.request, more: {} };
  const { host, accept, 'user-agent': userAgent } = headers;
  const request = open({
    ...more,
    host: localAddress,
    port: localPort,
    path,
    method,
    agent: false,
    headers: defined({ host, accept, 'user-agent': userAgent }),
  });
  request.end();
  return request;
}

function defined(headers: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
