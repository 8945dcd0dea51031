import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished, vi } from 'vitest';
import { runSuppressed } from '../../../src/context/suppressed.js';
import { instrument, type Options, type Signals } from '../../../src/index.js';
import { type OtlpReceiver, startOtlpReceiver } from '../../support/otlp-receiver.js';

export interface Response {
  readonly status: number;
  readonly body: string;
}

export interface TestService {
  readonly url: string;
  readonly signals: Signals;
  /** One request of a caller outside: this process does not count it as a call of its own. */
  get(path?: string, headers?: http.OutgoingHttpHeaders): Promise<Response>;
  /** Many of them, some at a time; gives how many were answered with 200. */
  burst(count: number): Promise<number>;
  /** What the library has said on standard error. */
  readonly lines: readonly string[];
}

/** Nothing is exported by itself within a test, not even for the first time: it says when. */
const unhurried = { OTEL_METRIC_EXPORT_INTERVAL: '60000', OTEL_BSP_SCHEDULE_DELAY: '5000' };

/** Sets variables for the length of a test; every other one of OpenTelemetry's is unset. */
export function setEnvironment(variables: Readonly<Record<string, string>>): void {
  const before = { ...process.env };
  for (const name of Object.keys(process.env)) if (name.startsWith('OTEL_')) delete process.env[name];
  Object.assign(process.env, unhurried, variables);
  onTestFinished(() => {
    for (const name of Object.keys(process.env)) if (name.startsWith('OTEL_')) delete process.env[name];
    Object.assign(process.env, before);
  });
}

export async function startReceiver(): Promise<OtlpReceiver> {
  const receiver = await startOtlpReceiver();
  onTestFinished(() => receiver.close());
  return receiver;
}

/** Keeps what the library writes, one item for each time; a stack may be of many lines. */
export function captureLines(): string[] {
  const lines: string[] = [];
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    const line = String(chunk).trimEnd();
    // What the health of the service is, and what the start says is on, are other matters.
    if (!/ health state |, circuit breakers (?:on|off)$/.test(line)) lines.push(line);
    return true;
  });
  onTestFinished(() => spy.mockRestore());
  return lines;
}

/** Starts a plain HTTP server, instrumented, with the environment given; all of it ends with the test. */
export async function startService(
  environment: Readonly<Record<string, string>>,
  options?: Options,
  listener: http.RequestListener = (_req, res) => void res.end('ok'),
): Promise<TestService> {
  setEnvironment(environment);
  const lines = captureLines();
  const server = http.createServer(listener);
  const signals = instrument(server, options);
  onTestFinished(() => signals.shutdown());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const agent = new http.Agent({ keepAlive: true });
  onTestFinished(() => {
    agent.destroy();
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const get = (path = '/', headers: http.OutgoingHttpHeaders = {}) =>
    request(`${url}${path}`, headers, agent);
  return {
    url,
    signals,
    get,
    lines,
    async burst(count) {
      let left = count;
      let answered = 0;
      const caller = async () => {
        while (left > 0) {
          left -= 1;
          if ((await get()).status === 200) answered += 1;
        }
      };
      await Promise.all(Array.from({ length: 20 }, caller));
      return answered;
    },
  };
}

function request(url: string, headers: http.OutgoingHttpHeaders, agent: http.Agent): Promise<Response> {
  return new Promise((resolve, reject) => {
    const onResponse = (response: http.IncomingMessage) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    };
    runSuppressed(() => http.get(url, { headers, agent }, onResponse).on('error', reject));
  });
}
