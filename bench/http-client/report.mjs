import { describeMachine } from '../environment.mjs';
import { median, quantile } from '../median.mjs';
import { table } from '../table.mjs';

const head = [
  'client and variant',
  'request alone',
  'with a call',
  'added by the call',
  'middle half',
  'ours/official',
  'added by both',
  'ours/official',
];

const micros = (value) => (value === undefined ? '-' : value.toFixed(1));
const middleHalf = (values) =>
  values.length === 0 ? '-' : `${micros(quantile(values, 0.25))} to ${micros(quantile(values, 0.75))}`;
const medianOf = (values) => (values.length === 0 ? undefined : median(values));

/**
 * Formats all samples of a run. What a call takes is the difference between a request that makes it and one that does not, in one
 * process and one slice; what instrumentation adds to it is the difference to bare. `ratios` has ours over official, by client.
 */
export function report(
  samples,
  { variants, clients, rounds, slices, requests, warmUp, connections, isMarkdown },
) {
  const of = (client, variant, path) =>
    samples
      .filter((sample) => sample.client === client && sample.variant === variant && sample.path === path)
      .map(({ microsPerRequest }) => microsPerRequest);
  const minus = (values, others) => values.map((value, index) => value - others[index]);

  const rows = [];
  const ratios = [];
  for (const client of clients) {
    const withCall = (variant) => of(client, variant, '/calls');
    const calls = (variant) => minus(withCall(variant), of(client, variant, '/plain'));
    const addedBy = (variant, pick) => (variant === 'bare' ? [] : minus(pick(variant), pick('bare')));
    const ratioOf = (variant, pick) =>
      variant === 'ours' ? median(addedBy('ours', pick)) / median(addedBy('official', pick)) : undefined;
    for (const variant of variants) {
      const ratio = ratioOf(variant, calls);
      if (ratio !== undefined) ratios.push(ratio);
      rows.push([
        `${client} ${variant}`,
        micros(median(of(client, variant, '/plain'))),
        micros(median(withCall(variant))),
        micros(medianOf(addedBy(variant, calls))),
        middleHalf(addedBy(variant, calls)),
        ratio?.toFixed(3) ?? '-',
        micros(medianOf(addedBy(variant, withCall))),
        ratioOf(variant, withCall)?.toFixed(3) ?? '-',
      ]);
    }
  }
  const lines = [
    `${describeMachine()}. CPU us per request. ${rounds} rounds of ${slices} slices of ${requests} requests (${warmUp} to warm up), ${connections} connections, closed loop.`,
    '',
    table(head, rows, { isMarkdown }),
  ];
  return { text: lines.join('\n'), ratios };
}
