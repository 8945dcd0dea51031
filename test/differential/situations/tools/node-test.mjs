// node:test: hooks, mocked fetch and timers, one test that fails, and an end by itself.
import { fileURLToPath } from 'node:url';

export const ends = true;
export const command = () => [
  '--test',
  '--test-reporter=spec',
  fileURLToPath(new URL('../../fixtures/tests/orders.test.mjs', import.meta.url)),
];
export const mask = [
  // Where it stands among the lines, the pipe decides.
  [/\(node:<pid>\) ExperimentalWarning.*?\\n\(Use `node.*?\\n/g, ''],
  [/ \(\d+(\.\d+)?ms\)/g, ''],
  [/duration_ms [\d.]+/g, 'duration_ms'],
];
