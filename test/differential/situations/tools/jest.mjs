// jest: supertest and servers in thirteen files, each with one of its own, in this process and in its sandbox of realms.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);

export const cwd = () => fileURLToPath(new URL('../../', import.meta.url));
// What a file has begun goes on in the next ones: its exports.
export const environment = {
  CI: 'true',
  NO_COLOR: '1',
  OTEL_BSP_SCHEDULE_DELAY: '50',
  OTEL_METRIC_EXPORT_INTERVAL: '200',
  OTEL_METRIC_EXPORT_TIMEOUT: '200',
};
export const ends = true;

export const command = () => [
  require.resolve('jest').replace(/build\/index\.js$/, 'bin/jest.js'),
  '--rootDir=fixtures/jest',
  '--runInBand',
  '--no-cache',
  '--testSequencer=<rootDir>/in-order.js',
  '--verbose',
  '--detectOpenHandles',
];

export const mask = [
  [/ \(\d+(\.\d+)? m?s\)/g, ''],
  [/ \(\d+(\.\d+)? s\)/g, ''],
  [/Time: [^\\]*/g, 'Time'],
  [/(PASS|FAIL) ([\w./-]+)/g, '$1 $2'],
];
