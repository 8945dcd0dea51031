import { isError } from '../../core/is-error.js';
import { AlertingRule } from './alerting-rule.js';
import { LabelSet } from './label-set.js';
import { parseExpr } from './promql/parser.js';
import { type Evaluation, type Plan, prepareAll } from './promql/plan.js';
import { createPlan } from './promql/planner.js';
import { PromqlError } from './promql/promql-error.js';
import type { Vector } from './promql/vector.js';
import { RecordingRule } from './recording-rule.js';
import type { GroupSpec, RuleSpec } from './rule-spec.js';
import type { AlertEvent, SeriesWriter } from './series-source.js';

/** What the rules of a group read and write. */
export interface GroupContext extends Evaluation {
  writerOf(labels: LabelSet): SeriesWriter;
}

/** How a rule fares. */
export interface RuleStatus {
  readonly name: string;
  readonly group: string;
  readonly kind: 'alerting' | 'recording';
  readonly expr: string;
  /** Why its last evaluation failed; undefined where it did not. */
  readonly failure: string | undefined;
  readonly evaluatedAtMs: number | undefined;
}

/** Samples that are written before something else may run. */
const writtenAtOnce = 100;

interface GroupRule {
  readonly name: string;
  readonly expr: string;
  readonly rule: AlertingRule | RecordingRule;
  readonly plan: Plan;
  /** Series that the last evaluation wrote: those that the next does not write are gone. */
  written: Map<LabelSet, SeriesWriter>;
  failure: string | undefined;
  evaluatedAtMs: number | undefined;
}

/** Rules that are evaluated one after the other: each reads what those above it have just written. */
export class Group {
  readonly name: string;
  readonly intervalMs: number;
  readonly #rules: readonly GroupRule[];
  readonly #context: GroupContext;

  /** @throws PromqlError or TemplateError that names the rule, where one cannot be read. */
  constructor({ name, intervalMs, rules }: GroupSpec, context: GroupContext) {
    this.name = name;
    this.intervalMs = intervalMs;
    this.#context = context;
    this.#rules = rules.map((spec) => createRule(name, spec, context));
  }

  get alerting(): readonly AlertingRule[] {
    return this.#rules.flatMap(({ rule }) => (rule instanceof AlertingRule ? [rule] : []));
  }

  get status(): readonly RuleStatus[] {
    return this.#rules.map(({ name, expr, rule, failure, evaluatedAtMs }) => ({
      name,
      group: this.name,
      kind: rule instanceof AlertingRule ? 'alerting' : 'recording',
      expr,
      failure,
      evaluatedAtMs,
    }));
  }

  /** Evaluates rule after rule, a large one in parts; in between, the caller may do something else. A rule that fails stops no other one. */
  *evaluate(atMs: number): Generator<readonly AlertEvent[]> {
    for (const one of this.#rules) {
      one.evaluatedAtMs = atMs;
      let events: readonly AlertEvent[] = [];
      try {
        for (const _ of prepareAll([one.plan])(atMs)) yield events;
        const evaluation = this.#evaluateRule(one, atMs);
        let step = evaluation.next();
        for (; step.done !== true; step = evaluation.next()) yield events;
        events = step.value;
        one.failure = undefined;
      } catch (error) {
        one.failure = isError(error) ? error.message : String(error);
      }
      yield events;
    }
  }

  *#evaluateRule(one: GroupRule, atMs: number): Generator<undefined, readonly AlertEvent[]> {
    const vector = vectorOf(one.plan, atMs);
    const { rule } = one;
    if (rule instanceof RecordingRule) {
      yield* this.#write(one, atMs, rule.evaluate(vector));
      return [];
    }
    const { samples, events } = rule.evaluate(atMs, vector);
    yield* this.#write(one, atMs, samples);
    return events;
  }

  *#write(one: GroupRule, atMs: number, samples: Vector): Generator<undefined, void> {
    const written = new Map<LabelSet, SeriesWriter>();
    for (const { labels, value } of samples) {
      const writer = one.written.get(labels) ?? this.#context.writerOf(labels);
      writer.append(atMs, value);
      written.set(labels, writer);
      // A series that is written for the first time is compared with all that rules read.
      if (written.size % writtenAtOnce === 0) yield;
    }
    for (const [labels, writer] of one.written) {
      if (!written.has(labels)) writer.markStale(atMs);
    }
    one.written = written;
  }
}

/** What a rule takes: a scalar is a vector of one sample without labels. */
function vectorOf(plan: Plan, atMs: number): Vector {
  if (plan.type === 'vector') return plan.at(atMs);
  if (plan.type === 'scalar') return [{ labels: LabelSet.empty, value: plan.at(atMs) }];
  throw new PromqlError('rule result is not a vector or scalar');
}

function createRule(group: string, spec: RuleSpec, context: GroupContext): GroupRule {
  const name = 'alert' in spec ? spec.alert : spec.record;
  try {
    const rule = 'alert' in spec ? new AlertingRule(group, spec) : new RecordingRule(spec);
    const plan = createPlan(parseExpr(spec.expr), context);
    return {
      name,
      expr: spec.expr,
      rule,
      plan,
      written: new Map(),
      failure: undefined,
      evaluatedAtMs: undefined,
    };
  } catch (cause) {
    if (isError(cause)) cause.message = `rule ${name} of group ${group}: ${cause.message}`;
    throw cause;
  }
}
