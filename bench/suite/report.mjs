import { median, quantile } from '../median.mjs';
import { table } from '../table.mjs';
import { plot } from './plot.mjs';

const columns = [
  { head: 'CPU us/request', key: 'cpuMicros', digits: 1 },
  { head: 'added', key: 'addedMicros', digits: 1 },
  { head: 'middle half', key: 'addedMicros', isSpread: true, digits: 1 },
  { head: 'requests/s', key: 'perSecond', digits: 0 },
  { head: 'p50 ms', key: 'p50Ms', digits: 2 },
  { head: 'p99 ms', key: 'p99Ms', digits: 2 },
  { head: 'p99.9 ms', key: 'p999Ms', digits: 2 },
  { head: 'RSS MiB', key: 'rssMiB', digits: 0 },
  { head: 'kB allocated/request', key: 'allocatedKb', digits: 1 },
  { head: 'start ms', key: 'startMs', digits: 0 },
  { head: 'arrived', key: 'arrivedPercent', digits: 1 },
  { head: 'B sent/request', key: 'exportedBytes', digits: 0 },
];
const text = (value, digits) => (value === undefined || Number.isNaN(value) ? '-' : value.toFixed(digits));

/** Adds to each sample what it has over the bare one of its round: what slows the machine for a while slows both. */
function withDifferences(samples) {
  const bare = new Map(samples.filter(({ variant }) => variant === 'bare').map((one) => [one.round, one]));
  return samples.map((one) => ({
    ...one,
    addedMicros:
      one.variant === 'bare' ? undefined : one.cpuMicros - (bare.get(one.round)?.cpuMicros ?? Number.NaN),
    allocatedKb: one.allocatedBytes / 1_000,
    // Of what it is meant to send; what is less was dropped.
    arrivedPercent: one.wanted === undefined ? undefined : (100 * one.arrived) / one.wanted,
  }));
}

/** Tables of medians and plots with spread, one of each for an application. */
export function report(results, { machine, rounds, isMarkdown }) {
  const parts = [
    `${machine}. ${rounds} rounds; medians, and the middle half of what is added to bare within a round.`,
  ];
  const plots = {};
  for (const app of new Set(results.map((one) => one.app))) {
    const samples = withDifferences(results.filter((one) => one.app === app));
    const names = [...new Set(samples.map(({ variant }) => variant))];
    const valuesOf = (name, key) =>
      samples
        .filter(({ variant }) => variant === name)
        .map((one) => one[key])
        .filter((value) => value !== undefined);
    const rows = names.map((name) => [
      name,
      ...columns.map(({ key, digits, isSpread }) => {
        const values = valuesOf(name, key);
        if (values.length === 0) return '-';
        if (isSpread !== true) return text(median(values), digits);
        return `${text(quantile(values, 0.25), digits)} to ${text(quantile(values, 0.75), digits)}`;
      }),
    ]);
    parts.push(
      `${app}: latencies at ${samples[0].rate} requests/s, half of what bare can do`,
      table(['variant', ...columns.map(({ head }) => head)], rows, { isMarkdown }),
    );
    const added = names.filter((name) => name !== 'bare');
    plots[`${app}-cpu`] = plot(
      `CPU time added to a request, ${app}, µs`,
      machine,
      added.map((name) => ({ name, values: valuesOf(name, 'addedMicros') })),
    );
    plots[`${app}-rss`] = plot(
      `Memory under full load, ${app}, MiB`,
      machine,
      names.map((name) => ({ name, values: valuesOf(name, 'rssMiB') })),
    );
  }
  return { text: parts.join('\n\n'), plots };
}
