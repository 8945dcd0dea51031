import { type LabelSet, METRIC_NAME } from './label-set.js';
import { PromqlError } from './promql/promql-error.js';

export type MatchOperator = '=' | '!=' | '=~' | '!~';

/** One condition of a selector. A label that is not there counts as ''. */
export interface Matcher {
  readonly name: string;
  readonly operator: MatchOperator;
  readonly value: string;
  matches(value: string): boolean;
}

export function createMatcher(name: string, operator: MatchOperator, value: string): Matcher {
  return { name, operator, value, matches: test(operator, value) };
}

function test(operator: MatchOperator, value: string): (given: string) => boolean {
  if (operator === '=') return (given) => given === value;
  if (operator === '!=') return (given) => given !== value;
  const pattern = anchored(value);
  return operator === '=~' ? (given) => pattern.test(given) : (given) => !pattern.test(given);
}

/**
 * A regular expression of Prometheus, which matches the whole value. RE2 is spelled as JavaScript spells it, but for flags at the
 * beginning and names of groups.
 */
export function anchored(source: string): RegExp {
  const flags = /^\(\?([imsU]+)\)/.exec(source);
  const body = source.slice(flags?.[0].length ?? 0).replaceAll('(?P<', '(?<');
  try {
    return new RegExp(`^(?:${body})$`, (flags?.[1] ?? '').replace('U', ''));
  } catch (cause) {
    throw new PromqlError(`invalid regular expression ${JSON.stringify(source)}`, { cause });
  }
}

export function matchesAll(matchers: readonly Matcher[], labels: LabelSet): boolean {
  return matchers.every((matcher) => matcher.matches(labels.get(matcher.name)));
}

/** The one metric name that matchers allow, or undefined where they allow several. */
export function metricNameOf(matchers: readonly Matcher[]): string | undefined {
  return matchers.find(({ name, operator }) => name === METRIC_NAME && operator === '=')?.value;
}
