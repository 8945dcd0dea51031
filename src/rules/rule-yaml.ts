import { duration } from './promql.js';
import { type AlertRule, isAlert, type Rule, type RuleGroup } from './rule.js';

/** A rule file of Prometheus. */
export function toYaml(groups: readonly RuleGroup[]): string {
  const lines = ['groups:'];
  for (const { name, intervalS, rules } of groups) {
    lines.push(`  - name: ${scalar(name)}`, `    interval: ${duration(intervalS)}`, '    rules:');
    for (const rule of rules) lines.push(...linesOf(rule));
  }
  return `${lines.join('\n')}\n`;
}

function linesOf(rule: Rule): string[] {
  const expr = field('        ', 'expr', rule.expr);
  if (!isAlert(rule)) return [`      - record: ${scalar(rule.record)}`, ...expr];
  return [
    `      - alert: ${scalar(rule.alert)}`,
    ...expr,
    ...(rule.forS === 0 ? [] : [`        for: ${duration(rule.forS)}`]),
    ...map('labels', labelsOf(rule)),
    ...map('annotations', annotationsOf(rule)),
  ];
}

/** The labels that an alert has beside those of its series. */
export function labelsOf({ severity, signal, labels }: AlertRule): Readonly<Record<string, string>> {
  return { severity, signal, ...labels };
}

export function annotationsOf({ summary, description, action }: AlertRule): Readonly<Record<string, string>> {
  return { summary, description, action };
}

function map(name: string, entries: Readonly<Record<string, string>>): string[] {
  return [
    `        ${name}:`,
    ...Object.entries(entries).flatMap(([key, value]) => field('          ', key, value)),
  ];
}

/** Several lines stand in a block of their own, as people write them. */
function field(indent: string, key: string, value: string): string[] {
  const lines = value.split('\n');
  const isBlock = lines.length > 1 && lines.every((line) => /^[!-~][ -~]*$/.test(line));
  if (!isBlock) return [`${indent}${key}: ${scalar(value)}`];
  return [`${indent}${key}: |-`, ...lines.map((line) => `${indent}  ${line}`)];
}

/** Quoted unless it cannot be anything but a string; JSON's strings are YAML's, but for the line ends that JSON leaves bare. */
function scalar(value: string): string {
  if (/^[A-Za-z][\w:-]*\w$/.test(value) && !/^(true|false|yes|no|on|off|null)$/i.test(value)) return value;
  // Most expressions are full of double quotes, and stay legible so.
  if (/^[ -&(-~]*$/.test(value) && value.includes('"')) return `'${value}'`;
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
