import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { build } from '../contract/support/built.js';

const file = join(__dirname, 'fixtures/shapes.cjs');

/** Everything that an application can see of its objects, in a process of its own. */
async function shapes(framework: string, mode: 'bare' | 'instrumented'): Promise<Record<string, unknown>> {
  const env = { ...process.env, OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' };
  const { stdout } = await promisify(execFile)(process.execPath, [file, framework, mode], { env });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

describe('the objects of an application look as they do without us', () => {
  test.each(['plain', 'express', 'express4', 'fastify', 'koa', 'koa2'])(
    '%s',
    { timeout: 120_000 },
    async (framework) => {
      build();
      const [bare, instrumented] = await Promise.all([
        shapes(framework, 'bare'),
        shapes(framework, 'instrumented'),
      ]);

      expect(Object.keys(bare).length).toBeGreaterThan(4);
      expect(instrumented).toEqual(bare);
    },
  );
});
