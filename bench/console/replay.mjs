// Two days of two services through a whole console, in minutes: is its memory level, and are its alerts right?
// node --expose-gc bench/console/replay.mjs [--hours 48] [--every 3] [--traces 20] [--memory 64]
import { parseArgs } from 'node:util';
import { describeMachine } from '../environment.mjs';
import { loadSource } from '../source.mjs';
import { replayDays } from './replay-days.mjs';

const { values } = parseArgs({
  options: {
    hours: { type: 'string', default: '48' },
    every: { type: 'string', default: '3' },
    traces: { type: 'string', default: '20' },
    memory: { type: 'string', default: '64' },
  },
});
const mebibyte = 2 ** 20;
const mib = (bytes) => (bytes / mebibyte).toFixed(1).padStart(6);

const { startConsole, resolveRules } = await loadSource(['console/console.ts', 'rules/rule-options.ts']);
console.log(describeMachine());
console.log('hour      spans   store  evidence  series   heap    RSS MiB   alerts');
const began = performance.now();
const { planned, readings, wrong } = await replayDays({
  startConsole,
  options: { rules: resolveRules(), memoryBytes: Number(values.memory) * mebibyte },
  hours: Number(values.hours),
  everyHours: Number(values.every),
  traces: Number(values.traces),
  memoryOf() {
    globalThis.gc?.();
    const { heapUsed, arrayBuffers, external, rss } = process.memoryUsage();
    return { heap: heapUsed + Math.max(external, arrayBuffers), rss };
  },
  onHour({ hour, received, bytes, evidenceBytes, seriesBytes, heap, rss, alerts }) {
    console.log(
      `${String(hour).padStart(4)} ${String(received).padStart(10)}  ${mib(bytes)}    ${mib(evidenceBytes)}  ${mib(seriesBytes)} ${mib(heap)} ${mib(rss)}   ${String(alerts).padStart(6)}`,
    );
  },
});
const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;
const half = readings.slice(-Math.floor(readings.length / 3));
const before = readings.slice(-2 * half.length, -half.length);
const growth = mean(half.map(({ heap }) => heap)) / mean(before.map(({ heap }) => heap)) - 1;
if (globalThis.gc === undefined)
  console.log('without --expose-gc the heap is what has not been collected yet');
// What the charts of a day hold grows for a day.
else if (Number(values.hours) >= 40 && growth > 0.1)
  wrong.push(`the heap grew by ${(100 * growth).toFixed(0)} % from the second to the last third`);
for (const { hour, bytes, maxBytes } of readings)
  if (bytes > maxBytes) wrong.push(`the store held more than it may at ${hour} h`);
console.log(
  `${values.hours} h in ${((performance.now() - began) / 60_000).toFixed(1)} min; ${planned} faults; heap of the last third ${(100 * growth).toFixed(1)} % over the one before`,
);
for (const one of wrong) console.log(`WRONG  ${one}`);
process.exitCode = wrong.length > 0 ? 1 : 0;
