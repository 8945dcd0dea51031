import { describeMachine } from '../environment.mjs';
import { median, quantile } from '../median.mjs';
import { table } from '../table.mjs';

const head = [
  'variant',
  'CPU us/request',
  'middle half',
  'added to bare',
  'middle half',
  'p50 ms',
  'p99 ms',
  'requests/s',
  'server spans',
  'spans/request',
  'exports',
];

const text = (value, digits = 1) => (value === undefined ? '-' : value.toFixed(digits));
const middleHalf = (values) =>
  values.length === 0 ? '-' : `${text(quantile(values, 0.25))} to ${text(quantile(values, 0.75))}`;

/** Formats all samples of a run. `ratio` is undefined unless bare, official and ours all ran. */
export function report(samples, { variants, rounds, requests, warmUp, connections, rate, isMarkdown }) {
  const of = (variant, key) =>
    samples.filter((sample) => sample.variant === variant).map((sample) => sample[key]);
  // Differences are taken within a round: what slows the machine for a while slows all variants of that round.
  const bare = of('bare', 'microsPerRequest');
  const added = (variant) =>
    variant === 'bare' || bare.length === 0
      ? []
      : of(variant, 'microsPerRequest').map((micros, round) => micros - bare[round]);
  const addedMedian = (variant) => (added(variant).length === 0 ? undefined : median(added(variant)));

  const rows = variants.map((variant) => [
    variant,
    text(median(of(variant, 'microsPerRequest'))),
    middleHalf(of(variant, 'microsPerRequest')),
    text(addedMedian(variant)),
    middleHalf(added(variant)),
    text(median(of(variant, 'p50Ms')), 2),
    text(median(of(variant, 'p99Ms')), 2),
    text(median(of(variant, 'perSecond')), 0),
    `${text(median(of(variant, 'serverSpans')), 0)}/${requests}`,
    text(median(of(variant, 'spans')) / requests, 2),
    text(median(of(variant, 'exports')), 0),
  ]);

  const load = rate > 0 ? `${rate} requests/s in an open loop` : 'closed loop';
  const official = addedMedian('official');
  const ours = addedMedian('ours');
  const ratio = official === undefined || ours === undefined ? undefined : ours / official;
  const lines = [
    `${describeMachine()}. ${rounds} rounds of ${requests} requests (${warmUp} to warm up), ${connections} connections, ${load}.`,
    '',
    table(head, rows, { isMarkdown }),
  ];
  if (ratio !== undefined) lines.push('', `What ours adds / what official adds: ${text(ratio, 3)}`);
  return { text: lines.join('\n'), ratio };
}
