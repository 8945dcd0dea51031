import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { build } from '../contract/support/built.js';

const file = join(__dirname, 'fixtures/reach.cjs');

interface Counted {
  readonly made: number;
  readonly kept: number;
}

/** How many finished requests and responses are still in memory, by what was set up in them. */
async function reach(
  framework: string,
  mode: 'bare' | 'instrumented',
  scenarios: readonly string[],
): Promise<Record<string, Counted>> {
  const env = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' };
  const args = ['--expose-gc', file, framework, mode, ...scenarios];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

const everywhere = ['timers', 'promises', 'listeners', 'snapshots', 'agents', 'fetches', 'pools', 'storages'];

describe('a request that has ended is free', () => {
  test.each([
    { framework: 'plain', more: ['connections', 'websockets'] },
    { framework: 'http2', more: ['sessions'] },
    { framework: 'express', more: ['connections'] },
    { framework: 'fastify', more: ['connections'] },
    { framework: 'koa', more: ['connections'] },
    { framework: 'hono', more: ['connections'] },
  ])('whatever it has left behind: $framework', { timeout: 240_000 }, async ({ framework, more }) => {
    build();
    const scenarios = [...everywhere, ...more, 'ignored'];
    const [bare, instrumented] = await Promise.all([
      reach(framework, 'bare', scenarios),
      reach(framework, 'instrumented', scenarios),
    ]);

    for (const scenario of scenarios) {
      expect(bare[scenario]?.made, scenario).toBeGreaterThan(29);
      expect(instrumented[scenario], scenario).toEqual(bare[scenario]);
    }
  });
});
