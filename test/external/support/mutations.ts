import { type AlertRule, isAlert, type Rule, type RuleGroup } from '../../../src/rules/rule.js';

/** One wrong rule, and what is wrong with it. */
export interface Mutant {
  readonly name: string;
  readonly groups: readonly RuleGroup[];
}

type Change = readonly [what: string, expr: string];

/** Every rule of the groups, changed in one place at a time. */
export function mutantsOf(groups: readonly RuleGroup[]): readonly Mutant[] {
  return groups.flatMap((group, at) =>
    group.rules.flatMap((rule, index) =>
      mutationsOf(rule).map(([what, mutated]) => ({
        name: `${nameOf(rule)}: ${what}`,
        groups: groups.with(at, { ...group, rules: group.rules.with(index, mutated) }),
      })),
    ),
  );
}

function nameOf(rule: Rule): string {
  return isAlert(rule) ? [rule.alert, ...Object.values(rule.labels)].join(' ') : rule.record;
}

function mutationsOf(rule: Rule): readonly (readonly [string, Rule])[] {
  const changed = exprMutations(rule.expr).map(([what, expr]) => [what, { ...rule, expr }] as const);
  return isAlert(rule) ? [...changed, ...forMutations(rule)] : changed;
}

function forMutations(rule: AlertRule): (readonly [string, Rule])[] {
  if (rule.forS === 0) return [];
  return [
    ['for left out', { ...rule, forS: 0 }],
    ['for ten times as long', { ...rule, forS: rule.forS * 10 }],
  ];
}

const thresholds = /(?<=[ \n])(?:>=?|<) on \(job\) ([\d.]+)|(?<=[ \n](?:>=?|==) )([\d.]+)/g;

function exprMutations(expr: string): Change[] {
  return [
    // Both windows of an objective, as one decides where they agree.
    ...allMatches(expr, / > (?=\()/g, () => ' >= ', 'also at the threshold'),
    ...allMatches(expr, /(?<= > \()([\d.]+)/g, scaled(1.3), 'threshold raised'),
    ...allMatches(expr, /(?<= > \()([\d.]+)/g, scaled(0.6), 'threshold lowered'),
    ...eachMatch(expr, /(?<=[ \n])([><]) (?=[\dco])/g, ([, sign]) => `${sign}= `, 'also at the threshold'),
    ...eachMatch(expr, / >= (?=6)/g, () => ' > ', 'not at the threshold'),
    ...eachMatch(expr, thresholds, scaled(1.3), 'threshold raised'),
    ...eachMatch(expr, thresholds, scaled(0.6), 'threshold lowered'),
    ...eachMatch(expr, /histogram_quantile\(0\.99/g, () => 'histogram_quantile(0.95', 'another quantile'),
    ...eachMatch(expr, /"5\.\."/g, () => '"[45].."', '4xx counted'),
    ...eachMatch(expr, /,?http_route!~"[^"]*"/g, () => '', 'probes counted'),
    ...eachMatch(expr, / by \(job(?:, ?|(?=\)))/g, () => ' by (', 'job dropped'),
    ...eachMatch(expr, / by \(([^)]*), \w+\)/g, ([, kept]) => ` by (${kept})`, 'last label dropped'),
    ...eachMatch(expr, /^\s*(?:and|unless) on \(job\) .*$/gm, () => '', 'guard left out'),
    ...eachMatch(expr, /^.*\nand on \(job\) (?=job:\S+ > )/g, () => '', 'long window left out'),
    ...eachMatch(expr, /\n?or\n[^\n]*$/g, () => '', 'second half left out'),
    ...eachMatch(expr, /^[^\n]*\nor\n/g, () => '', 'first half left out'),
    ...eachMatch(expr, / offset (?:1h|5m|30m|2h|6h)/g, () => '', 'offset left out'),
    ...eachMatch(
      expr,
      /\[(?:5m|30m|1h|2h|6h|1d|3d|15m)\]/g,
      ([window]) => (window === '[2m]' ? '[1h]' : '[2m]'),
      'another window',
    ),
    ...eachMatch(expr, /\bsum by/g, () => 'max by', 'max for sum'),
    ...eachMatch(
      expr,
      /\b(max|min) by/g,
      ([, word]) => `${word === 'max' ? 'min' : 'max'} by`,
      'min for max, or max for min',
    ),
    ...eachMatch(
      expr,
      /\{?_?_?\w*=~?"(?:used|closed)"/g,
      ([text]) => text.replace(/used|closed/, 'idle'),
      'another state',
    ),
    ...eachMatch(expr, /\(_ratio\)\?/g, () => '', 'one spelling'),
    ...eachMatch(expr, /\(_ratio\)\?/g, () => '_ratio', 'the other spelling'),
    ...eachMatch(expr, /\(\\\\\.0\)\?/g, () => '', 'one spelling of a whole bound'),
    ...eachMatch(expr, / > 0\)/g, () => ')', 'zero counted'),
    ...eachMatch(expr, /clamp_min\((.*), [\d.]+\)$/g, ([, inner]) => inner as string, 'no lower bound'),
    ...eachMatch(
      expr,
      /up == [01]/g,
      ([text]) => (text.endsWith('0') ? 'up == 1' : 'up == 0'),
      'up for down',
    ),
  ];
}

function scaled(factor: number) {
  return (match: RegExpExecArray): string => {
    const number = match[1] ?? match[2] ?? '0';
    return match[0].replace(number, String(Number(number) * factor));
  };
}

/** One change for each place that matches. */
function eachMatch(
  expr: string,
  pattern: RegExp,
  replacement: (match: RegExpExecArray) => string,
  what: string,
): Change[] {
  return [...expr.matchAll(pattern)].flatMap((match, index) => {
    const changed =
      expr.slice(0, match.index) + replacement(match) + expr.slice(match.index + match[0].length);
    return changed === expr || changed.trim() === ''
      ? []
      : [[index === 0 ? what : `${what} (${index + 1})`, changed]];
  });
}

/** One change for all places that match. */
function allMatches(
  expr: string,
  pattern: RegExp,
  replacement: (match: RegExpExecArray) => string,
  what: string,
): Change[] {
  const changed = expr.replace(pattern, (...found) =>
    replacement(found.slice(0, 2) as unknown as RegExpExecArray),
  );
  return changed === expr ? [] : [[what, changed]];
}
