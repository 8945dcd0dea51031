// One cold start: loads what argv names, then tells how long after the start of the process that point was reached.
const { createRequire } = require('node:module');
const { writeSync } = require('node:fs');

const bench = createRequire(require.resolve('../http-server/app.cjs'));

const createExpress = () => bench('express')();
const withInstrument = () => {
  const { instrument } = require(process.env.BENCH_OURS);
  instrument(createExpress());
};

const kinds = {
  'empty node': () => {},
  express: createExpress,
  'golden-signals + express': withInstrument,
  'before + express': withInstrument,
  'official + express': () => {
    bench('./official.cjs').startOfficial();
    createExpress();
  },
};

kinds[process.argv[2]]();

const ms = performance.now();
const { user, system } = process.cpuUsage();
const files = Object.keys(require.cache);
// Ours is one file, which belongs to the first export.
const sdk =
  /@opentelemetry[\\/](sdk-|exporter-|otlp-)|golden-signals[\\/]dist[\\/]shared[\\/]opentelemetry\.js$/;
const sdkFiles = files.filter((file) => sdk.test(file)).length;
writeSync(1, JSON.stringify({ ms, cpuMs: (user + system) / 1_000, files: files.length, sdkFiles }));
process.exit(0);
