import { describe, expect, test } from 'vitest';
import { readRuleFile } from '../../../src/console/alerts/rule-file.js';

const read = (groups: unknown) => readRuleFile(JSON.stringify({ groups }));

describe('a rule file in JSON', () => {
  test('says what Prometheus reads in it', () => {
    const groups = read([
      {
        name: 'shop',
        interval: '15s',
        rules: [
          { record: 'job:up', expr: 'sum by (job) (up)', labels: { team: 'x' } },
          {
            alert: 'Down',
            expr: 'job:up == 0',
            for: '1m',
            keep_firing_for: '5m',
            labels: { severity: 'page' },
            annotations: { summary: '{{ $labels.job }}' },
          },
        ],
      },
      { name: 'other', rules: [{ alert: 'Always', expr: 'vector(1)' }] },
    ]);
    expect(groups).toEqual([
      {
        name: 'shop',
        intervalMs: 15_000,
        rules: [
          { record: 'job:up', expr: 'sum by (job) (up)', labels: { team: 'x' } },
          {
            alert: 'Down',
            expr: 'job:up == 0',
            forMs: 60_000,
            keepFiringForMs: 300_000,
            labels: { severity: 'page' },
            annotations: { summary: '{{ $labels.job }}' },
          },
        ],
      },
      {
        name: 'other',
        intervalMs: 60_000,
        rules: [
          { alert: 'Always', expr: 'vector(1)', forMs: 0, keepFiringForMs: 0, labels: {}, annotations: {} },
        ],
      },
    ]);
  });

  const rule = { alert: 'A', expr: 'up' };
  test.each<[unknown, string]>([
    [{}, 'groups must be a list'],
    [['x'], 'groups[0] must be an object'],
    [[{ name: '', rules: [] }], 'groups[0].name must be a string'],
    [
      [{ name: 'a', rules: [], interval: '5' }],
      'groups[0].interval must be a time such as 30s or 5m, got "5"',
    ],
    [[{ name: 'a', rules: [{}] }], 'groups[0].rules[0].expr must be a string'],
    [[{ name: 'a', rules: [{ ...rule, fro: '1m' }] }], 'groups[0].rules[0] has an unknown field "fro"'],
    [[{ name: 'a', rules: [{ record: 'a-b', expr: 'up' }] }], 'groups[0].rules[0].record must be a name'],
    [[{ name: 'a', rules: [{ ...rule, labels: { 'a-b': 'x' } }] }], '"a-b" is no name of a label'],
    [[{ name: 'a', rules: [{ ...rule, annotations: { a: 1 } }] }], 'annotations.a must be a string'],
    [
      [
        { name: 'a', rules: [] },
        { name: 'a', rules: [] },
      ],
      'group "a" is there twice',
    ],
  ])('is refused where it is wrong, by what and where: %j', (groups, message) => {
    expect(() => read(groups)).toThrow(
      expect.objectContaining({ name: 'RuleFileError', message: expect.stringContaining(message) }),
    );
  });

  test('in YAML is refused with the cure', () => {
    expect(() => readRuleFile('groups:\n  - name: a\n')).toThrow('yq -o json rules.yml');
  });
});
