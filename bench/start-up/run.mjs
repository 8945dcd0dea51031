// What loading and calling golden-signals adds to a cold start. README.md says how to run it.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cleanEnv, describeMachine } from '../environment.mjs';
import { median, quantile } from '../median.mjs';
import { orderOf } from '../order.mjs';
import { table } from '../table.mjs';
import { installPacked } from './packed.mjs';

const { values: given } = parseArgs({
  options: {
    rounds: { type: 'string', default: '21' },
    before: { type: 'string' },
    'max-added-ms': { type: 'string' },
    markdown: { type: 'boolean', default: false },
  },
});

const rounds = Number(given.rounds);
if (!existsSync(new URL('../http-server/node_modules', import.meta.url))) {
  throw new Error('run npm ci in bench/http-server first: express and the official packages come from there');
}

const base = 'express';
const measured = 'golden-signals + express';
const before = 'before + express';
const installed = new Map([[measured, installPacked()]]);
if (given.before !== undefined) installed.set(before, installPacked(given.before));
const kinds = [
  'empty node',
  base,
  measured,
  ...(installed.has(before) ? [before] : []),
  'official + express',
];

const probe = fileURLToPath(new URL('./probe.cjs', import.meta.url));
function start(kind) {
  const env = cleanEnv({ NODE_ENV: 'production', BENCH_OURS: installed.get(kind)?.entry ?? '' });
  return JSON.parse(execFileSync(process.execPath, [probe, kind], { env, encoding: 'utf8' }));
}

// The first start of each kind reads its files from the disk; it is not counted.
for (const kind of kinds) start(kind);
const samples = new Map(kinds.map((kind) => [kind, []]));
for (let round = 0; round < rounds; round++) {
  for (const kind of orderOf(kinds, round)) samples.get(kind).push(start(kind));
}
for (const { remove } of installed.values()) remove();

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
  String(median(of(kind, 'sdkFiles'))),
]);
const head = ['loaded', 'ms', 'middle half', `over ${base}`, 'CPU ms', 'files', 'SDK files'];

console.log(`${describeMachine()}. ${rounds} rounds of cold starts, medians.\n`);
console.log(table(head, rows, { isMarkdown: given.markdown }));
const addedMs = median(added(measured, 'ms'));
console.log(`\ngolden-signals adds ${text(addedMs)} ms to loading express.`);
if (given['max-added-ms'] !== undefined && !(addedMs <= Number(given['max-added-ms']))) {
  console.error(`That is more than ${given['max-added-ms']} ms.`);
  process.exitCode = 1;
}
