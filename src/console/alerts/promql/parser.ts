import { METRIC_NAME } from '../label-set.js';
import { createMatcher, type Matcher, type MatchOperator } from '../matcher.js';
import { functionTable } from './function-table.js';
import { durationMs, type Token, tokensOf } from './lexer.js';
import { PromqlError } from './promql-error.js';
import {
  type Aggregator,
  aggregators,
  type BinaryOperator,
  type Expr,
  isComparison,
  isSetOperation,
  type Matching,
} from './syntax.js';
import { checkBinary, checkCall, expectType, typeOf } from './types.js';

const precedence: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '>': 3,
  '<': 3,
  '>=': 3,
  '<=': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  atan2: 5,
  '^': 6,
};
const POWER = 6;
/** Deeper than any expression that people write. */
const maxDepth = 200;

const withParameter: ReadonlySet<string> = new Set(['topk', 'bottomk', 'count_values', 'quantile']);

/**
 * Reads a PromQL expression, as Prometheus 2.42 does, but for the `@` modifier and native histograms.
 * @throws PromqlError that says what is wrong, and where.
 */
export function parseExpr(source: string): Expr {
  return new Parser(source).whole();
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#tokens = tokensOf(source);
  }

  whole(): Expr {
    const expr = this.#expr(0);
    if (this.#token.kind !== 'end') this.#fail();
    return expr;
  }

  get #token(): Token {
    return this.#tokens[this.#at] as Token;
  }

  #fail(wanted = ''): never {
    const { kind, text, at } = this.#token;
    const what = kind === 'end' ? 'the end' : JSON.stringify(text);
    throw new PromqlError(
      `unexpected ${what} at ${at + 1}${wanted === '' ? '' : `, expected ${JSON.stringify(wanted)}`}`,
    );
  }

  #is(text: string): boolean {
    const token = this.#token;
    return token.kind === 'punctuation'
      ? token.text === text
      : token.kind === 'word' && isKeyword(token, text);
  }

  #takes(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at += 1;
    return true;
  }

  #expect(text: string): void {
    if (!this.#takes(text)) this.#fail(text);
  }

  #take(kind: Token['kind']): string {
    if (this.#token.kind !== kind) this.#fail();
    const { text } = this.#token;
    this.#at += 1;
    return text;
  }

  #operator(): BinaryOperator | undefined {
    const { kind, text } = this.#token;
    if (kind !== 'punctuation' && kind !== 'word') return undefined;
    const name = text.toLowerCase();
    return Object.hasOwn(precedence, name) ? (name as BinaryOperator) : undefined;
  }

  #expr(least: number): Expr {
    this.#depth += 1;
    if (this.#depth > maxDepth) throw new PromqlError('the expression is nested too deeply');
    let left = this.#unary();
    for (;;) {
      const operator = this.#operator();
      const power = operator === undefined ? -1 : (precedence[operator] as number);
      if (operator === undefined || power < least) break;
      this.#at += 1;
      const isBool = this.#takes('bool');
      if (isBool && !isComparison(operator))
        throw new PromqlError('bool modifier can only be used on comparison operators');
      const matching = this.#matching(operator);
      const right = this.#expr(operator === '^' ? power : power + 1);
      const binary = { kind: 'binary', operator, left, right, isBool, matching } as const;
      checkBinary(binary);
      left = binary;
    }
    this.#depth -= 1;
    return left;
  }

  #matching(operator: BinaryOperator): Matching {
    const isOn = this.#takes('on');
    if (!isOn && !this.#takes('ignoring')) return { isOn: false, labels: [], many: undefined, include: [] };
    const labels = this.#names();
    const many = this.#takes('group_left') ? 'left' : this.#takes('group_right') ? 'right' : undefined;
    const include = many !== undefined && this.#is('(') ? this.#names() : [];
    if (many !== undefined && isSetOperation(operator))
      throw new PromqlError(`no grouping allowed for ${operator} operation`);
    const both = isOn ? include.find((name) => labels.includes(name)) : undefined;
    if (both !== undefined)
      throw new PromqlError(`label ${JSON.stringify(both)} must not occur in ON and GROUP clause at once`);
    return { isOn, labels, many, include };
  }

  /** A sign binds as multiplication does: -1^2 is -1. */
  #unary(): Expr {
    const isMinus = this.#is('-');
    if (!isMinus && !this.#is('+')) return this.#postfix();
    this.#at += 1;
    const expr = this.#expr(POWER);
    expectType(expr, ['scalar', 'vector'], 'unary expression');
    if (!isMinus) return expr;
    return expr.kind === 'number' ? { kind: 'number', value: -expr.value } : { kind: 'negation', expr };
  }

  #postfix(): Expr {
    const isBare = !this.#is('(');
    let expr = this.#primary();
    for (;;) {
      if (this.#is('@')) throw new PromqlError('the @ modifier is not supported here');
      if (this.#takes('[')) expr = this.#range(expr, isBare);
      else if (this.#takes('offset')) expr = this.#offset(expr, isBare);
      else return expr;
    }
  }

  #range(expr: Expr, isBare: boolean): Expr {
    const rangeMs = durationMs(this.#take('duration'));
    if (rangeMs === 0) throw new PromqlError('duration must be greater than 0');
    if (this.#takes(':')) {
      const stepMs = this.#token.kind === 'duration' ? durationMs(this.#take('duration')) : 0;
      this.#expect(']');
      expectType(expr, ['vector', 'scalar'], 'subquery');
      if (typeOf(expr) === 'scalar')
        throw new PromqlError('subquery is only allowed on instant vector, got scalar instead');
      return { kind: 'subquery', expr, rangeMs, stepMs, offsetMs: 0 };
    }
    this.#expect(']');
    if (expr.kind !== 'selector' || !isBare)
      throw new PromqlError('ranges only allowed for vector selectors');
    if (expr.offsetMs !== 0) throw new PromqlError('no offset modifiers allowed before range');
    return { kind: 'range', selector: expr, rangeMs };
  }

  #offset(expr: Expr, isBare: boolean): Expr {
    const isMinus = this.#takes('-');
    const offsetMs = durationMs(this.#take('duration')) * (isMinus ? -1 : 1);
    if (expr.kind === 'selector' && isBare && expr.offsetMs === 0) return { ...expr, offsetMs };
    if (expr.kind === 'subquery' && expr.offsetMs === 0) return { ...expr, offsetMs };
    if (expr.kind === 'range' && expr.selector.offsetMs === 0)
      return { ...expr, selector: { ...expr.selector, offsetMs } };
    throw new PromqlError(
      'offset modifier must be preceded by an instant vector selector or range vector selector or a subquery',
    );
  }

  #primary(): Expr {
    const { kind, text } = this.#token;
    if (kind === 'number') {
      this.#at += 1;
      return { kind: 'number', value: Number(text) };
    }
    if (kind === 'string') {
      this.#at += 1;
      return { kind: 'string', value: text };
    }
    if (this.#takes('(')) {
      const expr = this.#expr(0);
      this.#expect(')');
      return expr;
    }
    if (this.#is('{')) return { kind: 'selector', matchers: this.#selectorMatchers(undefined), offsetMs: 0 };
    if (kind !== 'word') this.#fail();
    return this.#worded(text);
  }

  #worded(text: string): Expr {
    const lower = text.toLowerCase();
    if (lower === 'nan' || lower === 'inf') {
      this.#at += 1;
      return { kind: 'number', value: lower === 'nan' ? Number.NaN : Number.POSITIVE_INFINITY };
    }
    const following = this.#tokens[this.#at + 1] as Token;
    const aggregator = aggregators.find((name) => name === lower);
    if (aggregator !== undefined && isAggregationStart(following)) return this.#aggregation(aggregator);
    this.#at += 1;
    if (this.#is('(')) return this.#call(text);
    return { kind: 'selector', matchers: this.#selectorMatchers(text), offsetMs: 0 };
  }

  #call(name: string): Expr {
    if (functionTable[name] === undefined)
      throw new PromqlError(`unknown function with name ${JSON.stringify(name)}`);
    const call = { kind: 'call', name, args: this.#arguments() } as const;
    checkCall(call);
    return call;
  }

  #arguments(): Expr[] {
    this.#expect('(');
    const args: Expr[] = [];
    while (!this.#takes(')')) {
      args.push(this.#expr(0));
      if (!this.#is(')')) {
        this.#expect(',');
        if (this.#is(')')) this.#fail();
      }
    }
    return args;
  }

  #aggregation(operator: Aggregator): Expr {
    this.#at += 1;
    let grouping = this.#grouping();
    const args = this.#arguments();
    grouping ??= this.#grouping();
    const wanted = withParameter.has(operator) ? 2 : 1;
    if (args.length !== wanted)
      throw new PromqlError(
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
      );
    const expr = args.at(-1) as Expr;
    const parameter = wanted === 2 ? args[0] : undefined;
    expectType(expr, ['vector'], 'aggregation expression');
    if (parameter !== undefined)
      expectType(parameter, [operator === 'count_values' ? 'string' : 'scalar'], 'aggregation parameter');
    const { isWithout = false, labels = [] } = grouping ?? {};
    return { kind: 'aggregation', operator, expr, parameter, isWithout, labels };
  }

  #grouping(): { readonly isWithout: boolean; readonly labels: readonly string[] } | undefined {
    if (this.#takes('by')) return { isWithout: false, labels: this.#names() };
    if (this.#takes('without')) return { isWithout: true, labels: this.#names() };
    return undefined;
  }

  #names(): string[] {
    this.#expect('(');
    const names: string[] = [];
    while (!this.#takes(')')) {
      names.push(this.#labelName());
      if (!this.#is(')')) this.#expect(',');
    }
    return names;
  }

  #labelName(): string {
    const { text, at } = this.#token;
    const name = this.#take('word');
    if (name.includes(':')) throw new PromqlError(`${JSON.stringify(text)} at ${at + 1} is no label name`);
    return name;
  }

  #selectorMatchers(metricName: string | undefined): Matcher[] {
    const matchers = metricName === undefined ? [] : [createMatcher(METRIC_NAME, '=', metricName)];
    if (this.#takes('{')) {
      while (!this.#takes('}')) {
        const name = this.#labelName();
        if (name === METRIC_NAME && metricName !== undefined)
          throw new PromqlError(`metric name must not be set twice: ${JSON.stringify(metricName)}`);
        const operator = this.#take('punctuation');
        if (!['=', '!=', '=~', '!~'].includes(operator)) this.#fail();
        matchers.push(createMatcher(name, operator as MatchOperator, this.#take('string')));
        if (!this.#is('}')) this.#expect(',');
      }
    }
    if (matchers.every((matcher) => matcher.matches('')))
      throw new PromqlError('vector selector must contain at least one non-empty matcher');
    return matchers;
  }
}

function isKeyword({ text }: Token, keyword: string): boolean {
  return text.toLowerCase() === keyword;
}

function isAggregationStart({ kind, text }: Token): boolean {
  return kind === 'punctuation' ? text === '(' : kind === 'word' && /^(?:by|without)$/i.test(text);
}
