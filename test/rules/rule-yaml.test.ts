import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { isAlert, type RuleGroup } from '../../src/rules/rule.js';
import { createRuleGroups } from '../../src/rules/rule-groups.js';
import { resolveRules } from '../../src/rules/rule-options.js';
import { annotationsOf, labelsOf, toYaml } from '../../src/rules/rule-yaml.js';

/** What the file has to say, by the model. */
function expected(groups: readonly RuleGroup[]): unknown {
  const times = new Map([
    [15, '15s'],
    [30, '30s'],
    [60, '1m'],
    [120, '2m'],
    [300, '5m'],
    [600, '10m'],
  ]);
  return {
    groups: groups.map(({ name, intervalS, rules }) => ({
      name,
      interval: times.get(intervalS),
      rules: rules.map((rule) =>
        isAlert(rule)
          ? {
              alert: rule.alert,
              expr: rule.expr,
              ...(rule.forS === 0 ? {} : { for: times.get(rule.forS) }),
              labels: labelsOf(rule),
              annotations: annotationsOf(rule),
            }
          : rule,
      ),
    })),
  };
}

describe('the rule file', () => {
  test('says what the model says, to anybody who reads YAML', () => {
    const groups = createRuleGroups(resolveRules({ jobs: ['orders', 'shop/payments'] }));
    expect(parse(toYaml(groups))).toEqual(expected(groups));
    expect(parse(toYaml(groups), { version: '1.1' })).toEqual(expected(groups));
  });

  test('holds any text as it is', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(
        'yes',
        'null',
        '1e3',
        "it's",
        '"',
        '- a',
        'a: b',
        'a #b',
        '{{ $labels.job }}',
        'a\nb',
        ' a\n b',
        '\u2028',
      ),
    );
    fc.assert(
      fc.property(texts, texts, (expr, summary) => {
        const rule = {
          alert: 'Any',
          signal: 'errors',
          severity: 'page',
          expr,
          forS: 0,
          threshold: 1,
          labels: {},
          summary,
          description: '',
          action: '',
          reads: [],
        } as const;
        const groups = [{ name: 'any', intervalS: 30, rules: [rule] }];
        expect(parse(toYaml(groups))).toEqual(expected(groups));
      }),
    );
  });
});
