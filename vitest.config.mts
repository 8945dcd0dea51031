import { defineConfig } from 'vitest/config';
import { reporters } from './test/reporters.mjs';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/external/**', 'test/differential/**'],
    pool: 'forks',
    // Much of the time is waiting: one worker less than there are cores, the default, leaves them idle.
    maxWorkers: '100%',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters,
    coverage: { provider: 'v8', include: ['src/**'] },
  },
});
