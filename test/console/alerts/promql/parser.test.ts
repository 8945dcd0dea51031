import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { durationMs } from '../../../../src/console/alerts/promql/lexer.js';
import { parseExpr } from '../../../../src/console/alerts/promql/parser.js';
import { isAlert } from '../../../../src/rules/rule.js';
import { createRuleGroups } from '../../../../src/rules/rule-groups.js';
import { resolveRules } from '../../../../src/rules/rule-options.js';

/** An expression with all its parentheses. */
function spelled(source: string): string {
  const write = (expr: ReturnType<typeof parseExpr>): string => {
    switch (expr.kind) {
      case 'number':
        return String(expr.value);
      case 'binary':
        return `(${write(expr.left)} ${expr.operator} ${write(expr.right)})`;
      case 'negation':
        return `-${write(expr.expr)}`;
      case 'selector':
        return expr.matchers[0]?.value ?? '';
      default:
        return expr.kind;
    }
  };
  return write(parseExpr(source));
}

describe('a PromQL expression', () => {
  test.each([
    ['1 + 2 * 3', '(1 + (2 * 3))'],
    ['1 - 2 - 3', '((1 - 2) - 3)'],
    ['2 ^ 3 ^ 2', '(2 ^ (3 ^ 2))'],
    ['-a ^ 2', '-(a ^ 2)'],
    ['-a * 2', '(-a * 2)'],
    ['a or b and c', '(a or (b and c))'],
    ['a and b unless c', '((a and b) unless c)'],
    ['a > 1 and b < 2', '((a > 1) and (b < 2))'],
    ['a + b > c', '((a + b) > c)'],
    ['a OR b', '(a or b)'],
    ['(1 + 2) * 3', '((1 + 2) * 3)'],
    ['-1', '-1'],
  ])('binds as Prometheus says: %s', (source, expected) => {
    expect(spelled(source)).toBe(expected);
  });

  test.each([
    ['a{b="c', 'unterminated string at 5'],
    ['a +', 'unexpected the end at 4'],
    ['sum(a', 'unexpected the end at 6'],
    ['a[5m', 'unexpected the end at 5, expected "]"'],
    ['a[5m] + 1', 'expected type scalar or instant vector in binary expression, got range vector'],
    ['rate(a)', 'expected type range vector in call to function rate, got instant vector'],
    ['rat(a[5m])', 'unknown function with name "rat"'],
    ['round()', 'wrong number of arguments in call to round, got 0'],
    ['1 == 2', 'comparisons between scalars must use BOOL modifier'],
    ['1 and a', 'set operator "and" not allowed in binary scalar expression'],
    ['a + bool b', 'bool modifier can only be used on comparison operators'],
    ['{a=""}', 'vector selector must contain at least one non-empty matcher'],
    ['{a=~".*"}', 'vector selector must contain at least one non-empty matcher'],
    ['a{b=~"("}', 'invalid regular expression "("'],
    ['a{__name__="b"}', 'metric name must not be set twice: "a"'],
    ['(a)[5m]', 'ranges only allowed for vector selectors'],
    ['a offset 5m [5m]', 'no offset modifiers allowed before range'],
    ['1 offset 5m', 'offset modifier must be preceded by'],
    ['a offset 5m offset 1m', 'offset modifier must be preceded by'],
    ['a[1m1h]', 'not a duration: "1m1h"'],
    ['a[0s]', 'duration must be greater than 0'],
    ['a @ 5', 'the @ modifier is not supported here'],
    ['a + on(b) group_left(b) c', 'label "b" must not occur in ON and GROUP clause at once'],
    ['a and on(b) group_left c', 'no grouping allowed for and operation'],
    ['topk(a)', 'wrong number of arguments for aggregate expression provided, expected 2, got 1'],
    ['sum(1)', 'expected type instant vector in aggregation expression, got scalar'],
    ['a $ b', 'unexpected character "$" at 3'],
    ['"\\y"', 'unknown escape sequence in the string at 1'],
    ['-"a"', 'expected type scalar or instant vector in unary expression, got string'],
    ['1 + on(a) b', 'vector matching only allowed between instant vectors'],
  ])('that cannot be read is refused, by what and where: %s', (source, message) => {
    expect(() => parseExpr(source)).toThrow(
      expect.objectContaining({ name: 'PromqlError', message: expect.stringContaining(message) }),
    );
  });

  test('may have comments, line ends, any case of operators, and strings of every kind', () => {
    const source = `SUM BY (job) (rate(a{b='c', d=~\`e\\d\`, f!="\\u00e9",}[1m30s] OFFSET 5m)) # what
      /
      count(a) without (le)`;
    expect(parseExpr(source)).toMatchObject({
      kind: 'binary',
      left: {
        operator: 'sum',
        labels: ['job'],
        expr: { name: 'rate', args: [{ rangeMs: 90_000, selector: { offsetMs: 300_000 } }] },
      },
      right: { operator: 'count', isWithout: true },
    });
  });

  test('may use words of the language as names', () => {
    expect(parseExpr('sum by (on, bool) (offset{by="x"})')).toMatchObject({ labels: ['on', 'bool'] });
  });

  test('of our own is always one', () => {
    const rules = createRuleGroups(resolveRules({ jobs: ['a', 'b"\\c'] })).flatMap((group) => group.rules);
    for (const rule of rules)
      expect(() => parseExpr(rule.expr), isAlert(rule) ? rule.alert : rule.record).not.toThrow();
  });

  test('that is garbage is an error of ours, and takes no time', () => {
    const words = fc.constantFrom(
      ...'sum( rate( a b { } [ ] ) ( , 5m 1 "x" = =~ != - + ^ by on group_left offset : @ or bool 1h:'.split(
        ' ',
      ),
    );
    const text = fc.oneof(
      fc.array(words, { maxLength: 30 }).map((all) => all.join(' ')),
      fc.string(),
    );
    fc.assert(
      fc.property(text, (source) => {
        try {
          parseExpr(source);
        } catch (error) {
          expect(error).toMatchObject({ name: 'PromqlError' });
        }
      }),
    );
    expect(() => parseExpr('('.repeat(100_000))).toThrow('nested too deeply');
    expect(() => parseExpr('-'.repeat(100_000))).toThrow('nested too deeply');
  });
});

describe('a duration', () => {
  test.each([
    ['500ms', 500],
    ['1h30m', 5_400_000],
    ['1d', 86_400_000],
    ['1w', 604_800_000],
    ['0', 0],
  ])('%s is %d ms', (text, expected) => {
    expect(durationMs(text)).toBe(expected);
  });

  test.each(['', 's', '1', '1x', '30m1h', '1h1h', '-1m', '1.5h'])('is not %j', (text) => {
    expect(() => durationMs(text)).toThrow('not a duration');
  });
});
