import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { instrument, type Options, type Signals } from '../../../src/index.js';
import { eventually } from '../../support/eventually.js';
import {
  type OtlpReceiver,
  type ReceivedPoint,
  type ReceivedSpan,
  startOtlpReceiver,
} from '../../support/otlp-receiver.js';
import type { App, Kind, RawHandler } from '../apps/app.js';
import { type Address, type Answer, type Call, send } from './client.js';

let receiver: OtlpReceiver;

/** One collector for a test file, where all its services export to. */
export function useCollector(): void {
  beforeAll(async () => {
    receiver = await startOtlpReceiver();
    process.env.OTEL_EXPORTER_OTLP_ENDPOINT = receiver.url;
    process.env.OTEL_SERVICE_NAME = 'contract';
    process.env.OTEL_METRIC_EXPORT_INTERVAL = '60000';
  });
  afterAll(() => receiver.close());
}

export interface Telemetry {
  readonly signals: Signals;
  /** Waits for that many SERVER spans of this service, and gives all that have come by then. */
  spans(count: number): Promise<ReceivedSpan[]>;
  /** Waits for one SERVER span, and fails when there are more. */
  span(): Promise<ReceivedSpan>;
  /** Spans that are no SERVER span, as far as they have come. */
  otherSpans(): ReceivedSpan[];
  /** The newest point of each series of a metric that has come. */
  newest(name: string): ReceivedPoint[];
  /** The same, once requests are no longer active. */
  points(name: string): Promise<ReceivedPoint[]>;
}

export interface Running extends Telemetry {
  readonly app: App;
  readonly address: Address;
  send(call: Call): Promise<Answer>;
}

/** Reads what a service exports, and shuts it down when the test ends. */
export function observe(signals: Signals): Telemetry {
  const first = receiver.spans().length;
  const firstPoint = receiver.metrics().length;
  onTestFinished(() => signals.shutdown());
  const all = () => receiver.spans().slice(first);
  const server = () => all().filter(({ kind }) => kind === 'SERVER');

  async function spans(count: number): Promise<ReceivedSpan[]> {
    // A response closes on the server a little after the client has read it.
    await eventually(`${count} SERVER spans`, async () => {
      await signals.flush();
      return server().length >= count;
    });
    return server();
  }

  function newest(name: string): ReceivedPoint[] {
    const series = new Map<string, ReceivedPoint>();
    for (const point of receiver.metrics().slice(firstPoint)) {
      if (point.name === name) series.set(JSON.stringify(Object.entries(point.attributes).sort()), point);
    }
    return [...series.values()];
  }

  return {
    signals,
    spans,
    async span() {
      const found = await spans(1);
      expect(found.map((span) => span.name)).toHaveLength(1);
      return found[0] as ReceivedSpan;
    },
    newest,
    otherSpans: () => all().filter(({ kind }) => kind !== 'SERVER'),
    async points(name) {
      await eventually('no active request', async () => {
        await signals.flush();
        return newest('http.server.active_requests').every(({ value }) => value === 0);
      });
      return newest(name);
    },
  };
}

export interface StartOptions {
  readonly options?: Options;
  readonly raw?: RawHandler;
  /** When instrument() is called. */
  readonly when?: 'before routes' | 'after routes' | 'after listen';
}

/** Starts the contract application, instrumented, on a real socket; the test's end stops it. */
export async function start(
  kind: Kind,
  { options, raw, when = 'after routes' }: StartOptions = {},
): Promise<Running> {
  const app = await kind.create(raw ?? ((_req, res) => void res.end()));
  onTestFinished(() => app.close());
  let telemetry: Telemetry | undefined;
  if (when === 'before routes') telemetry = observe(instrument(app.target, options));
  await app.addRoutes();
  if (when === 'after routes') telemetry = observe(instrument(app.target, options));
  const address = await app.listen();
  telemetry ??= observe(instrument(app.target, options));
  return { ...telemetry, app, address, send: (call) => send(address, call) };
}
