import type { Matcher } from '../matcher.js';

/** What an expression gives. */
export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';

export type BinaryOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '^'
  | 'atan2'
  | '=='
  | '!='
  | '>'
  | '<'
  | '>='
  | '<='
  | 'and'
  | 'or'
  | 'unless';

export const aggregators = [
  'sum',
  'avg',
  'count',
  'min',
  'max',
  'group',
  'stddev',
  'stdvar',
  'topk',
  'bottomk',
  'count_values',
  'quantile',
] as const;
export type Aggregator = (typeof aggregators)[number];

/** Which samples of two vectors belong together. */
export interface Matching {
  /** True: by the labels alone; false: by all others. */
  readonly isOn: boolean;
  readonly labels: readonly string[];
  /** The side on which there may be several for one of the other. */
  readonly many: 'left' | 'right' | undefined;
  /** Labels that the result takes from the other side. */
  readonly include: readonly string[];
}

interface NumberLiteral {
  readonly kind: 'number';
  readonly value: number;
}
interface StringLiteral {
  readonly kind: 'string';
  readonly value: string;
}
export interface Selector {
  readonly kind: 'selector';
  readonly matchers: readonly Matcher[];
  readonly offsetMs: number;
}
export interface RangeSelector {
  readonly kind: 'range';
  readonly selector: Selector;
  readonly rangeMs: number;
}
export interface Subquery {
  readonly kind: 'subquery';
  readonly expr: Expr;
  readonly rangeMs: number;
  /** 0: the default. */
  readonly stepMs: number;
  readonly offsetMs: number;
}
export interface Call {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expr[];
}
export interface Aggregation {
  readonly kind: 'aggregation';
  readonly operator: Aggregator;
  readonly expr: Expr;
  readonly parameter: Expr | undefined;
  readonly isWithout: boolean;
  readonly labels: readonly string[];
}
export interface Binary {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Expr;
  readonly right: Expr;
  readonly isBool: boolean;
  readonly matching: Matching;
}
export interface Negation {
  readonly kind: 'negation';
  readonly expr: Expr;
}

export type Expr =
  | NumberLiteral
  | StringLiteral
  | Selector
  | RangeSelector
  | Subquery
  | Call
  | Aggregation
  | Binary
  | Negation;

export const isComparison = (operator: BinaryOperator): boolean => /^[=!<>]/.test(operator);
export const isSetOperation = (operator: BinaryOperator): boolean =>
  operator === 'and' || operator === 'or' || operator === 'unless';
