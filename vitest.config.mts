import { configDefaults, defineConfig } from 'vitest/config';
import { reporters } from './test/reporters.mjs';
import { sources } from './test/sources.mjs';

/**
 * Tests of models, parsers and state machines: they change nothing of the process, so a file needs none of its own. What they prove
 * is the same on every Node.
 */
const pure = ['breaker', 'console/alerts', 'core', 'health', 'metrics', 'rules'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);
/** The compilers of a user, other runtimes, the documents and the examples: what they prove is the same on every Node, too. */
const papers = [
  'test/package/runtimes.test.ts',
  'test/package/types.test.ts',
  'test/docs.test.ts',
  'test/readme.test.ts',
  'test/examples/**/*.test.ts',
];
const elsewhere = ['test/external/**', 'test/differential/**'];

export default defineConfig({
  ...sources,
  test: {
    pool: 'forks',
    // Much of the time is waiting: one worker less than there are cores, the default, leaves them idle.
    maxWorkers: '100%',
    // A test that loops for ever is to fail, and not to take all memory of the machine first.
    execArgv: ['--max-old-space-size=2048'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters,
    coverage: { provider: 'v8', include: ['src/**'] },
    projects: [
      { extends: true, test: { name: 'models', include: pure, isolate: false } },
      { extends: true, test: { name: 'papers', include: papers } },
      {
        extends: true,
        test: {
          name: 'process',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...elsewhere, ...pure, ...papers],
        },
      },
    ],
  },
});
