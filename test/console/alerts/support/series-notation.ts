import { METRIC_NAME } from '../../../../src/console/alerts/label-set.js';
import { durationMs } from '../../../../src/console/alerts/promql/lexer.js';
import { parseExpr } from '../../../../src/console/alerts/promql/parser.js';
import type { Scenario } from '../../../external/support/promtool.js';

/** Labels as promtool writes them, with the name of the metric, if there is one, under `__name__`. */
export function parseLabels(text: string): Record<string, string> {
  if (text === '{}' || text === '') return {};
  const expr = parseExpr(text);
  if (expr.kind !== 'selector') throw new Error(`no series: ${text}`);
  return Object.fromEntries(expr.matchers.map(({ name, value }) => [name, value]));
}

/** Undefined: there is no sample. */
export type Value = number | 'stale' | undefined;

const item = /^(?:(_)|([-+]?(?:\d+\.?\d*(?:e[+-]?\d+)?|inf|nan))([-+]\d+\.?\d*(?:e[+-]?\d+)?)?)(?:x(\d+))?$/i;

/** promtool's notation: `0+10x100` is 101 values, `1x3` four, `_` and `_x2` are gaps. */
export function parseValues(notation: string): Value[] {
  return notation
    .trim()
    .split(/\s+/)
    .flatMap((text): Value[] => {
      if (text === 'stale') return ['stale'];
      const match = item.exec(text);
      if (match === null) throw new Error(`not a value of promtool: ${text}`);
      const [, gap, start = '', step, times] = match;
      if (gap !== undefined) return Array.from({ length: Number(times ?? 1) }, () => undefined);
      let value = Number(start.replace(/inf/i, 'Infinity').replace(/nan/i, 'NaN'));
      // One after the other, as promtool does: the sums of fractions are not their products.
      return Array.from({ length: Number(times ?? 0) + 1 }, () => {
        const now = value;
        value += Number(step ?? 0);
        return now;
      });
    });
}

export interface TimedSample {
  readonly timeMs: number;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | 'stale';
}

/** All samples of a scenario, in order of time. */
export function samplesOf({ interval, series }: Pick<Scenario, 'interval' | 'series'>): TimedSample[] {
  const intervalMs = durationMs(interval);
  return Object.entries(series)
    .flatMap(([text, notation]) => {
      const { [METRIC_NAME]: name = '', ...labels } = parseLabels(text);
      return parseValues(notation).flatMap((value, index) =>
        value === undefined ? [] : [{ timeMs: index * intervalMs, name, labels, value }],
      );
    })
    .sort((a, b) => a.timeMs - b.timeMs);
}
