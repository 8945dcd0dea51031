import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { SpanKind } from '@opentelemetry/api';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { build } from '../contract/support/built.js';

interface Told {
  readonly spans: readonly {
    readonly name: string;
    readonly kind: SpanKind;
    readonly scope: string;
    readonly id: string;
    readonly parent?: string;
    readonly traceId: string;
  }[];
  readonly counts: Readonly<Record<string, number>>;
  /** The `traceparent` headers of each call that the upstream got. */
  readonly received: readonly (readonly string[])[];
}

/** Runs a service beside the official instrumentations of http and undici, which answers two requests with two calls each. */
async function run(
  sdk: 'ours' | 'theirs',
  when: 'before' | 'after',
  what: string,
  line: '2' | '3',
): Promise<Told> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(OTEL_|NODE_OPTIONS|VITEST)/.test(name),
  );
  const child = fork(join(__dirname, 'fixtures', 'official.cjs'), [sdk, when, what, line], {
    env: {
      ...Object.fromEntries(inherited),
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_METRICS_EXPORTER: 'none',
    },
    execArgv: [],
    silent: true,
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  const ended = once(child, 'close').then(([code]) => {
    throw new Error(`ended with ${code} and told nothing: ${said}`);
  });
  ended.catch(() => {});
  const [told] = await Promise.race([once(child, 'message'), ended]);
  return told as Told;
}

beforeAll(build, 120_000);

describe.each([
  ['2.x', 'our own SDK', '2', 'ours'],
  ['2.x', "the application's SDK", '2', 'theirs'],
  ['3.x', 'our own SDK', '3', 'ours'],
  ['3.x', "the application's SDK", '3', 'theirs'],
] as const)('the official instrumentations of the %s line beside %s', (_line, _whose, line, sdk) => {
  test.each([
    ['before', 'on'],
    ['after', 'on'],
    ['before', 'disabled'],
    ['after', 'disabled'],
  ] as const)(
    'begun %s instrument() and %s: one span for each request and call, and one count',
    async (when, what) => {
      const { spans, counts, received } = await run(sdk, when, what, line);
      const calls = spans.filter(({ kind }) => kind === SpanKind.CLIENT);
      const requests = spans.filter(({ kind }) => kind === SpanKind.SERVER);
      const entries = requests.filter(({ parent }) => parent === undefined);
      // The upstream is a server of the same process that is not ours: what is seen of it is what others see.
      const upstream = requests.filter(({ parent }) => parent !== undefined);

      expect(entries).toHaveLength(2);
      expect(calls).toHaveLength(4);
      expect(calls.map(({ parent }) => parent).sort()).toEqual(entries.flatMap(({ id }) => [id, id]).sort());
      const work = spans.filter(({ name }) => name === 'work');
      expect(work.map(({ parent }) => parent).sort()).toEqual(entries.map(({ id }) => id).sort());
      // Each call carries its own span, and only that.
      expect(received.flatMap((headers) => headers.map((header) => header.split('-')[2])).sort()).toEqual(
        calls.map(({ id }) => id).sort(),
      );
      expect(upstream.map(({ parent }) => parent).sort()).toEqual(
        what === 'disabled' ? [] : calls.map(({ id }) => id).sort(),
      );
      expect(counts['http.client.request.duration']).toBe(4);
      // Beside our own SDK theirs has measured into nothing where it began before there was one.
      const isUpstreamMeasured = what === 'on' && (sdk === 'theirs' || when === 'after');
      expect(counts['http.server.request.duration']).toBe(isUpstreamMeasured ? 6 : 2);
      expect(counts['http.server.active_requests']).toBe(0);
    },
  );

  test.each(['before', 'after'] as const)(
    'begun %s instrument(): a second service counts its requests once, too',
    async (when) => {
      const { spans, counts } = await run(sdk, when, 'second', line);
      expect(spans.filter(({ kind }) => kind === SpanKind.SERVER)).toHaveLength(2);
      expect(counts['http.server.request.duration']).toBe(2);
    },
  );
});
