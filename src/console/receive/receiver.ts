import type { IncomingMessage, ServerResponse } from 'node:http';
import { Refusal } from '../http/refusal.js';
import { Draft } from '../store/draft.js';
import type { Store } from '../store/store.js';
import { Bodies } from './body.js';
import { jsonToProtobuf } from './json-to-protobuf.js';
import { readLogs } from './log-reader.js';
import { Malformed } from './malformed.js';
import { answerRefused, answerTaken, type Encoding } from './otlp-answer.js';
import { REQUESTS, type Signal } from './otlp-schema.js';
import { SpanReader } from './span-reader.js';
import { NanoBase } from './words.js';

const paths: Readonly<Record<string, Signal>> = {
  '/v1/traces': 'traces',
  '/v1/metrics': 'metrics',
  '/v1/logs': 'logs',
};

export function signalOf(path: string): Signal | undefined {
  return paths[path];
}

export interface ReceiverParts {
  readonly store: Store;
  readonly onSpan: (draft: Draft) => void;
  readonly onLog: (draft: Draft) => void;
  /** Takes a request for metrics, and returns how many points it could not take. @throws Malformed */
  readonly onMetrics: (bytes: Buffer) => number;
  /** After each request of which something was taken in. */
  readonly onTaken: () => void;
}

/** Answers OTLP over HTTP: protobuf or JSON, plain or gzip. */
export class Receiver {
  readonly #store: Store;
  readonly #bodies = new Bodies();
  readonly #spans: SpanReader;
  readonly #logParts: Parameters<typeof readLogs>[1];
  readonly #onMetrics: ReceiverParts['onMetrics'];
  readonly #onTaken: () => void;
  readonly counts = { requests: 0, refused: 0, rejected: 0 };

  constructor({ store, onSpan, onLog, onMetrics, onTaken }: ReceiverParts) {
    const { catalog } = store;
    const base = new NanoBase(store.startMs);
    const draft = new Draft();
    this.#store = store;
    this.#onMetrics = onMetrics;
    this.#onTaken = onTaken;
    this.#spans = new SpanReader({
      catalog,
      base,
      draft,
      onSpan: (one, bytes) => {
        store.insertSpan(one, bytes);
        onSpan(one);
      },
    });
    this.#logParts = {
      catalog,
      base,
      draft,
      onLog: (one, bytes) => {
        store.insertLog(one, bytes);
        onLog(one);
      },
    };
  }

  /** Never rejects. */
  async serve(signal: Signal, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
    const encoding: Encoding = type === 'application/json' ? 'json' : 'protobuf';
    this.counts.requests += 1;
    try {
      if (request.method !== 'POST')
        throw new Refusal(405, `${request.url} takes POST, as an OTLP exporter sends it`);
      if (type !== 'application/json' && type !== 'application/x-protobuf')
        throw new Refusal(
          415,
          `content-type ${type === '' ? 'is missing' : type?.slice(0, 60)}: set OTEL_EXPORTER_OTLP_PROTOCOL to http/protobuf or http/json${type === 'application/grpc' ? '; gRPC is not spoken here' : ''}`,
        );
      if (this.#store.isOverloaded)
        throw new Refusal(503, 'more comes in than can be put away: the sender may try again', 1);
      const body = await this.#bodies.read(request);
      const rejected = this.take(signal, encoding, body);
      this.counts.rejected += rejected;
      answerTaken(response, signal, encoding, rejected, whyRejected[signal]);
    } catch (error) {
      this.counts.refused += 1;
      if (!response.headersSent) answerRefused(response, encoding, refusalOf(error));
    }
  }

  /** Takes the body of a request in, and returns how many of its items are none. @throws Malformed */
  take(signal: Signal, encoding: Encoding, body: Buffer): number {
    const bytes = encoding === 'json' ? jsonToProtobuf(body, REQUESTS[signal]) : body;
    try {
      if (signal === 'traces') return this.#spans.read(bytes);
      if (signal === 'metrics') return this.#onMetrics(bytes);
      readLogs(bytes, this.#logParts);
      return 0;
    } finally {
      this.#store.settle();
      this.#onTaken();
    }
  }
}

const whyRejected: Readonly<Record<Signal, string>> = {
  traces: 'a span needs a trace id of 16 bytes and a span id of 8, neither of them all zero',
  metrics: 'there are more series than are kept: see the status of the console',
  logs: '',
};

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof Malformed)
    return new Refusal(
      400,
      `the body is not what its content-type says: ${error.message}; whatever stood before that is kept`,
    );
  return new Refusal(500, `the console failed: ${(error as Error).message}`);
}
