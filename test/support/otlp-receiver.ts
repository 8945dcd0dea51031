import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { decodeRequest, type Signal, UnsupportedContentType } from './otlp-decode.js';
import {
  flattenLogs,
  flattenMetrics,
  flattenSpans,
  type ReceivedLog,
  type ReceivedPoint,
  type ReceivedSpan,
} from './otlp-flatten.js';

export type { ReceivedLog, ReceivedPoint, ReceivedSpan } from './otlp-flatten.js';

/** Longer than a busy machine needs, and shorter than the limit of a test: it says what came instead. */
const patienceMs = 60_000;

/**
 * How the receiver answers. `hang` reads and never answers, `reset` reads and resets the connection, `refuse` closes the port.
 * `garbage`: `bytes` instead of an HTTP response, a 200 with a body that is no `protobuf`, or a 200 with an `html` page.
 */
export type Behaviour =
  | 'ok'
  | 'hang'
  | 'reset'
  | 'refuse'
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly garbage: 'bytes' | 'protobuf' | 'html' };

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Size of the body on the wire, that is compressed. */
  readonly bytes: number;
  /** The body, uncompressed. */
  readonly body: Buffer;
  /** Why the receiver could not read it; undefined when it could. */
  readonly problem: string | undefined;
}

export interface OtlpReceiver {
  /** The base address, fit for `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  readonly port: number;
  /** Every request whose body arrived, whatever the answer was. */
  readonly requests: readonly ReceivedRequest[];
  /** What was accepted; telemetry that got an answer other than `ok` is not in it. */
  spans(): ReceivedSpan[];
  metrics(): ReceivedPoint[];
  logs(): ReceivedLog[];
  /**
   * Waits for that many items (and gives all), or for one that fits (and gives those that fit).
   * @throws after `timeoutMs` (default 60,000), naming what did arrive.
   */
  waitForSpans(wanted: Wanted<ReceivedSpan>, timeoutMs?: number): Promise<ReceivedSpan[]>;
  waitForMetrics(wanted: Wanted<ReceivedPoint>, timeoutMs?: number): Promise<ReceivedPoint[]>;
  waitForLogs(wanted: Wanted<ReceivedLog>, timeoutMs?: number): Promise<ReceivedLog[]>;
  waitForRequests(wanted: Wanted<ReceivedRequest>, timeoutMs?: number): Promise<ReceivedRequest[]>;
  /** Answers so from now on; with `times` only for that many requests, then `ok` again. */
  behave(behaviour: Behaviour, times?: number): Promise<void>;
  /** Forgets everything received. */
  clear(): void;
  close(): Promise<void>;
}

export type Wanted<T> = number | ((item: T) => boolean);

const FLATTEN = { traces: flattenSpans, metrics: flattenMetrics, logs: flattenLogs };

/** Starts an OTLP/HTTP collector on a free port of the loopback: protobuf and JSON, plain and gzip. */
export async function startOtlpReceiver(
  options: { readonly behaviour?: Behaviour } = {},
): Promise<OtlpReceiver> {
  const requests: ReceivedRequest[] = [];
  const received = {
    traces: [] as ReceivedSpan[],
    metrics: [] as ReceivedPoint[],
    logs: [] as ReceivedLog[],
  };
  const changes = new EventEmitter().setMaxListeners(0);
  let behaviour: Behaviour = 'ok';
  let remaining = Number.POSITIVE_INFINITY;

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const wire = Buffer.concat(chunks);
    const current = behaviour;
    remaining -= 1;
    if (remaining <= 0) behaviour = 'ok';

    const read = readRequest(request, wire);
    requests.push(read.request);
    if (current === 'ok' && read.items !== undefined)
      (received[read.items.signal] as unknown[]).push(...read.items.list);
    changes.emit('change');
    answer(current, read, request, response);
  }

  const server = createServer((request, response) => {
    take(request, response).catch(() => response.destroy());
  });
  // A client's kept connection must not be cut between two requests of a test.
  server.keepAliveTimeout = 0;
  await listen(0);
  const { port } = server.address() as AddressInfo;

  async function listen(on: number): Promise<void> {
    server.listen(on, '127.0.0.1');
    await once(server, 'listening');
  }

  async function close(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  async function behave(next: Behaviour, times = Number.POSITIVE_INFINITY): Promise<void> {
    if (next === 'refuse') await close();
    else if (!server.listening) await listen(port);
    behaviour = next;
    remaining = times;
  }

  async function waitFor<T>(
    what: string,
    items: T[],
    wanted: Wanted<T>,
    timeoutMs: number,
    name: (item: T) => unknown,
  ) {
    const signal = AbortSignal.timeout(timeoutMs);
    for (;;) {
      const found = typeof wanted === 'number' ? [...items] : items.filter(wanted);
      if (found.length >= (typeof wanted === 'number' ? wanted : 1)) return found;
      try {
        await once(changes, 'change', { signal });
      } catch (cause) {
        const count = typeof wanted === 'number' ? `${wanted} ${what}` : `${what} that fit`;
        const problems = requests.flatMap(({ problem }) => problem ?? []);
        throw new Error(
          `no ${count} within ${timeoutMs} ms; received ${JSON.stringify(items.map(name))} in ${requests.length} requests` +
            (problems.length > 0 ? `; unreadable: ${problems.join('; ')}` : ''),
          { cause },
        );
      }
    }
  }

  await behave(options.behaviour ?? 'ok');
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    spans: () => [...received.traces],
    metrics: () => [...received.metrics],
    logs: () => [...received.logs],
    waitForSpans: (wanted, timeoutMs = patienceMs) =>
      waitFor('spans', received.traces, wanted, timeoutMs, (span) => span.name),
    waitForMetrics: (wanted, timeoutMs = patienceMs) =>
      waitFor('metrics', received.metrics, wanted, timeoutMs, (point) => point.name),
    waitForLogs: (wanted, timeoutMs = patienceMs) =>
      waitFor('logs', received.logs, wanted, timeoutMs, (log) => String(log.body)),
    waitForRequests: (wanted, timeoutMs = patienceMs) =>
      waitFor('requests', requests, wanted, timeoutMs, (request) => request.path),
    behave,
    clear() {
      for (const list of [requests, ...Object.values(received)]) list.length = 0;
    },
    close,
  };
}

interface Read {
  readonly request: ReceivedRequest;
  /** 200, or what an OTLP server owes a request that it cannot read. */
  readonly status: number;
  readonly items?: { readonly signal: Signal; readonly list: unknown[] };
}

function readRequest({ method = '', url = '', headers }: IncomingMessage, wire: Buffer): Read {
  const path = url.replace(/\?.*/s, '');
  const seen = { method, path, headers, bytes: wire.length, body: wire, problem: undefined };
  const signal = /^\/v1\/(traces|metrics|logs)$/.exec(path)?.[1] as Signal | undefined;
  if (signal === undefined) return { status: 404, request: { ...seen, problem: `no such path: ${path}` } };
  if (method !== 'POST') return { status: 405, request: { ...seen, problem: `no such method: ${method}` } };
  const contentType = headers['content-type']?.replace(/\s*;.*/s, '') ?? '';
  try {
    const body = unpack(wire, headers['content-encoding']);
    const list = FLATTEN[signal](decodeRequest(signal, contentType, body));
    return { status: 200, request: { ...seen, body }, items: { signal, list } };
  } catch (error) {
    const status = error instanceof UnsupportedContentType ? 415 : 400;
    return {
      status,
      request: { ...seen, problem: `${path}: ${error instanceof Error ? error.message : error}` },
    };
  }
}

function unpack(wire: Buffer, encoding: string | undefined): Buffer {
  if (encoding === 'gzip') return gunzipSync(wire);
  if (encoding === undefined || encoding === 'identity') return wire;
  throw new UnsupportedContentType(`content-encoding ${encoding}`);
}

function answer(behaviour: Behaviour, read: Read, request: IncomingMessage, response: ServerResponse): void {
  if (behaviour === 'hang') return;
  if (behaviour === 'reset' || behaviour === 'refuse') {
    request.socket.resetAndDestroy();
  } else if (behaviour === 'ok') {
    const isJson = request.headers['content-type']?.startsWith('application/json') === true;
    // An empty message is zero bytes of protobuf.
    response.writeHead(read.status, {
      'content-type': isJson ? 'application/json' : 'application/x-protobuf',
    });
    response.end(isJson ? '{}' : '');
  } else if ('status' in behaviour) {
    response.writeHead(behaviour.status, behaviour.headers).end();
  } else if (behaviour.garbage === 'bytes') {
    request.socket.end(Buffer.from('00ff1337deadbeef0d0a0d0a', 'hex'));
  } else if (behaviour.garbage === 'protobuf') {
    response
      .writeHead(200, { 'content-type': 'application/x-protobuf' })
      .end(Buffer.from('ffffffffffffffffffff01', 'hex'));
  } else {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Sign in</title>');
  }
}
