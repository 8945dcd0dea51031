// What loading and calling golden-signals adds to a cold start. README.md says how to run it.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cleanEnv, describeMachine } from '../environment.mjs';
import { median, quantile } from '../median.mjs';
import { orderOf } from '../order.mjs';
import { findOurs } from '../ours.mjs';
import { table } from '../table.mjs';

const { values: given } = parseArgs({
  options: {
    rounds: { type: 'string', default: '21' },
    ours: { type: 'string' },
    'max-added-ms': { type: 'string' },
    markdown: { type: 'boolean', default: false },
  },
});

const rounds = Number(given.rounds);
const ours = findOurs(given.ours);
if (ours === undefined) console.error('golden-signals is left out: run npm run build first');
if (!existsSync(new URL('../http-server/node_modules', import.meta.url))) {
  throw new Error('run npm ci in bench/http-server first: express and the official packages come from there');
}

const probe = fileURLToPath(new URL('./probe.cjs', import.meta.url));
const env = cleanEnv({ NODE_ENV: 'production', BENCH_OURS: ours ?? '' });
const start = (kind) => JSON.parse(execFileSync(process.execPath, [probe, kind], { env, encoding: 'utf8' }));

const base = 'SDK packages + express';
const measured = 'golden-signals + express';
const kinds = ['empty node', 'SDK packages', 'express', base, measured, 'official + express'].filter(
  (kind) => kind !== measured || ours !== undefined,
);

// The first start of each kind reads its files from the disk; it is not counted.
for (const kind of kinds) start(kind);
const samples = new Map(kinds.map((kind) => [kind, []]));
for (let round = 0; round < rounds; round++) {
  for (const kind of orderOf(kinds, round)) samples.get(kind).push(start(kind));
}

const of = (kind, key) => samples.get(kind).map((sample) => sample[key]);
const added = (kind, key) => of(kind, key).map((value, round) => value - of(base, key)[round]);
const text = (value) => value.toFixed(1);
const rows = kinds.map((kind) => [
  kind,
  text(median(of(kind, 'ms'))),
  `${text(quantile(of(kind, 'ms'), 0.25))} to ${text(quantile(of(kind, 'ms'), 0.75))}`,
  kind === base ? '-' : text(median(added(kind, 'ms'))),
  text(median(of(kind, 'cpuMs'))),
  String(median(of(kind, 'files'))),
  String(median(of(kind, 'exporterFiles'))),
]);
const head = ['loaded', 'ms', 'middle half', `over ${base}`, 'CPU ms', 'files', 'exporter files'];

console.log(`${describeMachine()}. ${rounds} rounds of cold starts, medians.\n`);
console.log(table(head, rows, { isMarkdown: given.markdown }));
if (ours !== undefined) {
  const addedMs = median(added(measured, 'ms'));
  console.log(`\ngolden-signals adds ${text(addedMs)} ms to loading the SDK packages and express.`);
  if (given['max-added-ms'] !== undefined && !(addedMs <= Number(given['max-added-ms']))) {
    console.error(`That is more than ${given['max-added-ms']} ms.`);
    process.exitCode = 1;
  }
}
