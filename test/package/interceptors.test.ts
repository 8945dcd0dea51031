import { afterAll, beforeAll, expect, test } from 'vitest';
import { installTarball, type Scratch } from './scratch.js';
import { CALLER } from './telemetry.js';

const SLOW_MS = 120_000;
const TRACE_ID = CALLER.split('-')[1];

let scratch: Scratch;

beforeAll(async () => {
  scratch = await installTarball({ msw: '^2.15.0', nock: '^14.0.17' });
}, 5 * SLOW_MS);

afterAll(() => scratch?.remove());

test.each([
  ['nock', 'nock'],
  ['nock', 'ours'],
  ['msw', 'msw'],
  ['msw', 'ours'],
])(
  '%s answers the calls of a service and its exporter, where %s is first',
  {
    timeout: SLOW_MS,
  },
  async (tool, first) => {
    // msw looks at localStorage, of which Node 26 warns.
    const args = ['--disable-warning=ExperimentalWarning', `interceptors/${tool}.mjs`, first];
    const ended = await scratch.node(args, {
      CALLER,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.example:4318',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_LOG_LEVEL: 'warn',
    });
    expect(ended).toMatchObject({ exit: 0, stderr: '' });
    const { answer, calls, exports } = JSON.parse(ended.stdout);
    expect(answer).toEqual([[202, 'mocked'], 202]);
    const traces = exports.filter(([path]: string[]) => path === '/v1/traces');
    const spans = traces.flatMap(([, body]: string[]) =>
      JSON.parse(body ?? '').resourceSpans.flatMap(({ scopeSpans }: { scopeSpans: { spans: object[] }[] }) =>
        scopeSpans.flatMap((scope) => scope.spans),
      ),
    ) as { kind: number; traceId: string }[];
    // A mock that stands in the place of fetch or of http.request is no call: whether it has a span depends on how it is made.
    expect(spans.filter(({ kind }) => kind === 2)).toMatchObject([{ traceId: TRACE_ID }]);
    expect(calls).toEqual(['/fetch', '/http']);
    expect(exports.map(([path]: string[]) => path)).toContain('/v1/metrics');
  },
);
