import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ruleFlags } from '../../src/cli/rule-flags.js';
import { typed } from '../cli/support/terminal.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'golden-signals-rules-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Values of each flag other than its default; several where one could make rules alike. */
const values: Readonly<Record<keyof typeof ruleFlags, readonly (readonly string[])[]>> = {
  window: [['1m'], ['30m']],
  p99: [['500ms'], ['1s']],
  'slo-latency': [['0.5s:99.9'], ['1s:95']],
  'error-ratio': [['0.05']],
  'traffic-drop': [['0.5']],
  pool: [['0.9']],
  'loop-delay': [['1s']],
  'heartbeat-intervals': [['2.5']],
  'export-interval': [['0s'], ['15s']],
  'breaker-for': [['0s'], ['5m']],
  'slo-availability': [['99'], ['99.99']],
  job: [['orders'], ['orders', 'payments'], ['a.b', "it's", 'a"b\\c', 'ü']],
};

const single = Object.entries(values).flatMap(([flag, choices]) =>
  choices.map((given) => given.flatMap((value) => [`--${flag}`, value])),
);

/** None, each one, each two of different flags, and all together. */
const combinations = [
  [],
  ...single,
  ...single.flatMap((one, index) =>
    single.slice(index + 1).flatMap((other) => (one[0] === other[0] ? [] : [[...one, ...other]])),
  ),
  Object.entries(values).flatMap(([flag, choices]) =>
    (choices.at(-1) as readonly string[]).flatMap((value) => [`--${flag}`, value]),
  ),
];

test('the rules of every combination of flags pass promtool check rules --lint-fatal', {
  timeout: 600_000,
}, async () => {
  expect(combinations.length).toBeGreaterThan(100);
  const files: string[] = [];
  for (const [index, flags] of combinations.entries()) {
    const { code, out } = await typed(['rules', ...flags]);
    expect(code, flags.join(' ')).toBe(0);
    // One file each: rules of different files may be alike.
    files.push(`${index}.yml`);
    writeFileSync(join(folder, `${index}.yml`), out);
  }
  const { status, stdout, stderr, error } = spawnSync(
    'promtool',
    ['check', 'rules', '--lint-fatal', ...files],
    {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    },
  );
  if (error !== undefined) throw error;
  expect(status, stdout + stderr).toBe(0);
});
