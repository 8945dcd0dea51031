import { durationMs } from './promql/lexer.js';
import type { GroupSpec, RuleSpec } from './rule-spec.js';
import type { Labels } from './series-source.js';

/** A rule file that is not as Prometheus wants it. */
class RuleFileError extends Error {
  override readonly name = 'RuleFileError';
}

const defaultIntervalMs = 60_000;

/**
 * Reads a rule file of Prometheus, in JSON: its `groups` with `name`, `interval` and `rules`. Expressions and templates are read when an
 * engine takes them.
 * @throws RuleFileError that names what is wrong and where.
 */
export function readRuleFile(text: string): readonly GroupSpec[] {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch (cause) {
    throw new RuleFileError(
      'the rule file is not JSON; rules in YAML can be converted: yq -o json rules.yml',
      {
        cause,
      },
    );
  }
  const { groups } = fields('', file, ['groups']);
  const read = list('groups', groups).map((group, index) => readGroup(`groups[${index}]`, group));
  const names = read.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new RuleFileError(`group ${JSON.stringify(twice)} is there twice`);
  return read;
}

function readGroup(path: string, given: unknown): GroupSpec {
  const { name, interval, rules } = fields(path, given, ['name', 'interval', 'rules']);
  return {
    name: string(`${path}.name`, name),
    intervalMs: time(`${path}.interval`, interval, defaultIntervalMs),
    rules: list(`${path}.rules`, rules).map((rule, index) => readRule(`${path}.rules[${index}]`, rule)),
  };
}

const ofRecording = ['record', 'expr', 'labels'];
const ofAlerting = ['alert', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations'];

function readRule(path: string, given: unknown): RuleSpec {
  const isRecording = typeof given === 'object' && given !== null && 'record' in given;
  const rule = fields(path, given, isRecording ? ofRecording : ofAlerting);
  const expr = string(`${path}.expr`, rule.expr);
  const labels = texts(`${path}.labels`, rule.labels);
  if (isRecording) {
    const record = string(`${path}.record`, rule.record);
    if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(record))
      throw new RuleFileError(`${path}.record must be a name of a metric, got ${JSON.stringify(record)}`);
    return { record, expr, labels };
  }
  return {
    alert: string(`${path}.alert`, rule.alert),
    expr,
    forMs: time(`${path}.for`, rule.for, 0),
    keepFiringForMs: time(`${path}.keep_firing_for`, rule.keep_firing_for, 0),
    labels,
    annotations: texts(`${path}.annotations`, rule.annotations),
  };
}

function fields(path: string, given: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  const where = path === '' ? 'the rule file' : path;
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new RuleFileError(`${where} must be an object`);
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw new RuleFileError(
      `${where} has an unknown field ${JSON.stringify(unknown)}: known are ${known.join(', ')}`,
    );
  return given as Readonly<Record<string, unknown>>;
}

function list(path: string, given: unknown): readonly unknown[] {
  if (!Array.isArray(given)) throw new RuleFileError(`${path} must be a list`);
  return given;
}

function string(path: string, given: unknown): string {
  if (typeof given !== 'string' || given === '')
    throw new RuleFileError(`${path} must be a string with at least one character`);
  return given;
}

function time(path: string, given: unknown, otherwise: number): number {
  if (given === undefined) return otherwise;
  try {
    return durationMs(String(given));
  } catch (cause) {
    throw new RuleFileError(`${path} must be a time such as 30s or 5m, got ${JSON.stringify(given)}`, {
      cause,
    });
  }
}

function texts(path: string, given: unknown): Labels {
  if (given === undefined) return {};
  const entries = Object.entries(fields(path, given, Object.keys(given as object)));
  for (const [name, text] of entries) {
    if (typeof text !== 'string') throw new RuleFileError(`${path}.${name} must be a string`);
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name))
      throw new RuleFileError(`${path}: ${JSON.stringify(name)} is no name of a label`);
  }
  return Object.fromEntries(entries) as Labels;
}
