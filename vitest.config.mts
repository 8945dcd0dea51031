import { configDefaults, defineConfig } from 'vitest/config';
import { reporters } from './test/reporters.mjs';
import { sources } from './test/sources.mjs';

/** Each name of `names` as the test files in `test/<folder>`; one of `*` stands for all of them. */
const tests = (folder: string, ...names: readonly string[]) =>
  names.map((name) => `test/${folder}/${name === '*' ? '**/*' : name}.test.ts`);

/**
 * Tests of models, parsers and state machines: they change nothing of the process, so a file needs none of its own. What they prove
 * is the same on every Node.
 */
const models = [
  ...['breaker', 'console/alerts', 'core', 'health', 'metrics', 'rules'].flatMap((room) => tests(room, '*')),
  ...tests('client', 'call-kinds', 'call-outcome', 'options'),
  ...tests('console', 'evidence', 'store', 'trace-tree'),
  ...tests('context', 'baggage', 'field-value', 'traceparent', 'tracestate'),
  ...tests('database', 'statement'),
  ...tests('export', 'options', 'otlp-exemplars', 'otlp-metrics', 'otlp-spans', 'outage', 'own-metrics'),
  ...tests('export', 'retry-after', 'scrape-reader'),
  ...tests('export/prometheus', 'accept', 'exposition', 'labels'),
  ...tests('management', 'stalled-answer'),
  ...tests('process', 'cgroup', 'heartbeat-target', 'hooks', 'outside', 'proc-files', 'readings'),
  ...tests('process', 'shutdown', 'shutdown-options', 'shutdown-plan'),
  ...tests('server', 'forwarded', 'probes/metrics', 'reconstruct', 'span-names'),
  ...tests('trace', 'keeper', 'live-span', 'sampler'),
];

/** Whole programs: the demo, a browser, compilers, bundlers and other runtimes, servers under load. A minute each; `npm run test:long`. */
const long = [
  ...tests('browser', '*'),
  ...tests('contract', 'probe-load', 'server-cardinality'),
  ...tests('examples', 'kubernetes-shop', 'shop'),
  ...tests('package', 'bundlers', 'instrumentations', 'runtimes', 'types'),
  ...tests('process', 'probe-load'),
];

/**
 * What proves the same on every Node, too, in a process for each file: the documents, the examples, the console, databases, what is
 * read from options, from the environment and from folders.
 */
const once = [
  'test/{architecture,docs,instrument-options,readme}.test.ts',
  ...['bench', 'cli', 'database', 'page', 'pools', 'support'].flatMap((room) => tests(room, '*')),
  ...tests('coexistence', 'databases', 'official'),
  ...tests('console', '*'),
  ...tests('contract', 'server-trace-context'),
  ...tests('examples', 'collector', 'grafana', 'kubernetes', 'postgres'),
  ...tests('export', 'batch-queue', 'environment', 'log-pipeline', 'otlp-config', 'periodic-reader'),
  ...tests('management', 'options'),
  ...tests('package', 'build-stamp', 'bundle'),
  ...tests('service', 'options', 'start-line'),
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
    // Far more than any test takes on a machine of its own: a busy one is no fault of a test.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    reporters,
    coverage: { provider: 'v8', include: ['src/**'] },
    projects: [
      { extends: true, test: { name: 'models', include: models, isolate: false } },
      {
        extends: true,
        test: { name: 'once', include: once, exclude: [...configDefaults.exclude, ...models] },
      },
      { extends: true, test: { name: 'long', include: long } },
      {
        extends: true,
        test: {
          name: 'process',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...elsewhere, ...models, ...once, ...long],
        },
      },
    ],
  },
});
