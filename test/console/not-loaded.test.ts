import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { build, DIST } from '../contract/support/built.js';

beforeAll(build);

/** The files of the package that a program has loaded in the end. */
async function loadedBy(program: string): Promise<string[]> {
  const tail = `console.log(JSON.stringify(Object.keys(require.cache).filter((file) => file.startsWith(${JSON.stringify(DIST)}))));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', `${program}\n${tail}`], {
    env: { ...process.env, OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' },
    timeout: 60_000,
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '[]');
}

/** A text that only the console has. */
const isConsole = (file: string): boolean => readFileSync(file, 'utf8').includes('golden_signals_console');

test.each(['index.js', 'register.js', 'express.js', 'fastify.js'])(
  'a service that loads %s loads nothing of the console',
  async (entry) => {
    const files = await loadedBy(`require(${JSON.stringify(join(DIST, entry))});`);
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter(isConsole)).toEqual([]);
  },
);

test('the package has the console in it, so that the others can fail', () => {
  const files = readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.js'),
  );
  expect(files.filter((file) => isConsole(join(DIST, file)))).not.toEqual([]);
});
