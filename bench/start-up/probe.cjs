// One cold start: loads what argv names, then tells how long after the start of the process that point was reached.
const { createRequire } = require('node:module');
const { writeSync } = require('node:fs');

const ours = process.env.BENCH_OURS;
// The SDK packages are the very copies that golden-signals loads.
const sdk = createRequire(ours || __filename);
const bench = createRequire(require.resolve('../http-server/app.cjs'));

const loadSdk = () => {
  sdk('@opentelemetry/sdk-trace-base');
  sdk('@opentelemetry/sdk-metrics');
};
const createExpress = () => bench('express')();

const kinds = {
  'empty node': () => {},
  'SDK packages': loadSdk,
  express: createExpress,
  'SDK packages + express': () => {
    loadSdk();
    createExpress();
  },
  'golden-signals + express': () => {
    const { instrument } = require(ours);
    instrument(createExpress());
  },
  'official + express': () => {
    bench('./official.cjs').startOfficial();
    createExpress();
  },
};

kinds[process.argv[2]]();

const ms = performance.now();
const { user, system } = process.cpuUsage();
const files = Object.keys(require.cache);
const exporterFiles = files.filter((file) => /@opentelemetry[\\/](exporter-|otlp-)/.test(file)).length;
writeSync(1, JSON.stringify({ ms, cpuMs: (user + system) / 1_000, files: files.length, exporterFiles }));
process.exit(0);
