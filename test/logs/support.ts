import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { onTestFinished, vi } from 'vitest';
import { runSuppressed } from '../../src/context/suppressed.js';
import { instrument, type Options, type Signals } from '../../src/index.js';
import { captureLines, setEnvironment, startReceiver } from '../export/support/service.js';
import type { OtlpReceiver } from '../support/otlp-receiver.js';

export { captureLines, setEnvironment, startReceiver };

/** What a logger has written, a line each. */
export interface Lines extends Writable {
  readonly lines: string[];
  /** The lines as objects. */
  json(): Record<string, unknown>[];
}

/** A stream for a logger to write to. */
export function createLines(): Lines {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(...String(chunk).trimEnd().split('\n'));
      done();
    },
  });
  return Object.assign(stream, {
    lines,
    json: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
  });
}

/** What is written to `console` for the length of a test, by its methods as they are now. */
export function captureConsole(): unknown[][] {
  const written: unknown[][] = [];
  for (const method of ['debug', 'log', 'info', 'warn', 'error'] as const) {
    const spy = vi.spyOn(console, method).mockImplementation((...args) => void written.push(args));
    onTestFinished(() => spy.mockRestore());
  }
  return written;
}

export interface LogService {
  readonly signals: Signals;
  readonly receiver: OtlpReceiver;
  /** What the library has said on standard error. */
  readonly said: readonly string[];
}

/** A service that sends its telemetry to a receiver; its options are those of the test. */
export async function startLogService(
  options: Options,
  app?: unknown,
  environment: Record<string, string> = {},
): Promise<LogService> {
  const receiver = await startReceiver();
  setEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...environment });
  const said = captureLines();
  const signals = instrument(app, { service: 'orders', shutdown: false, heartbeat: false, ...options });
  onTestFinished(() => signals.shutdown());
  return { signals, receiver, said };
}

/** Serves with a handler that runs inside of a request, and calls it once; gives the ids of its span. */
export async function inRequest(
  signals: Signals,
  work: () => unknown,
): Promise<{ traceId: string; spanId: string }> {
  return signals.tracer.startActiveSpan('work', async (span) => {
    try {
      await work();
    } finally {
      span.end();
    }
    const { traceId, spanId } = span.spanContext();
    return { traceId, spanId };
  });
}

/** Listens on a free port for the length of a test. */
export async function listen(server: http.Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** One request of a caller outside. */
export function get(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    runSuppressed(() =>
      http
        .get(url, { agent: false }, (response) => {
          response.resume();
          response.on('close', () => resolve(response.statusCode ?? 0));
        })
        .on('error', reject),
    );
  });
}
