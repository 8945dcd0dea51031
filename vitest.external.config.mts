import { defineConfig } from 'vitest/config';
import { reporters } from './test/reporters.mjs';
import { sources } from './test/sources.mjs';

/** The tests that need a server of Debian's: redis-server, mariadb-server, prometheus, prometheus-alertmanager. A missing one is a failure, not a skip. */
export default defineConfig({
  ...sources,
  test: {
    include: ['test/external/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: '100%',
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters,
  },
});
