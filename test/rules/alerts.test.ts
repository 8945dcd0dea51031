import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ruleFlags } from '../../src/cli/rule-flags.js';
import { duration } from '../../src/rules/promql.js';
import { type AlertRule, isAlert, type RecordingRule } from '../../src/rules/rule.js';
import { createRuleGroups } from '../../src/rules/rule-groups.js';
import { resolveRules } from '../../src/rules/rule-options.js';
import { labelsOf } from '../../src/rules/rule-yaml.js';
import { prometheusName, SERIES, type SeriesId } from '../../src/rules/series.js';

const page = readFileSync(join(__dirname, '../../docs/rules.md'), 'utf8');
const rules = createRuleGroups(resolveRules({ jobs: ['orders'] })).flatMap((group) => group.rules);
const alerts = rules.filter(isAlert);
const recordings = rules.filter((rule): rule is RecordingRule => !isAlert(rule));

function rowsAfter(header: string): string[][] {
  const lines = page
    .slice(page.indexOf(`\n${header}`) + 1)
    .split('\n')
    .slice(2);
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines.slice(0, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

describe('the alerts', () => {
  test('are those that docs/rules.md lists, with their severity and time', () => {
    const listed = rowsAfter('| Alert ').map(([alert, severity, , time]) => ({ alert, severity, time }));
    const actual = [...new Set(alerts.map(({ alert }) => alert))].map((name) => {
      const same = alerts.filter(({ alert }) => alert === name);
      return {
        alert: name,
        severity: [...new Set(same.map(({ severity }) => severity))].join(', '),
        time: name === 'CircuitBreakerOpen' ? '--breaker-for' : duration((same[0] as AlertRule).forS),
      };
    });
    const sorted = (list: { alert: string | undefined }[]) =>
      list.sort((a, b) => `${a.alert}`.localeCompare(`${b.alert}`));
    expect(sorted(actual)).toEqual(sorted(listed));
  });

  test('have flags that docs/rules.md lists, with the defaults of the code', () => {
    const listed = rowsAfter('| Flag of `rules` ');
    expect(listed.map(([flag]) => flag).toSorted()).toEqual(
      [...Object.keys(ruleFlags), 'json'].map((flag) => `--${flag}`).toSorted(),
    );
    for (const [flag, value] of listed) {
      const { help } = ruleFlags[(flag as string).slice(2) as keyof typeof ruleFlags] ?? { help: '' };
      const inHelp = /\(([^)]*)\)$/.exec(help)?.[1];
      if (inHelp !== undefined) expect(value?.split(';')[0], flag).toBe(inHelp);
    }
  });

  test('differ in name or labels from every other rule, however many jobs are named', () => {
    const all = createRuleGroups(resolveRules({ jobs: ['orders', 'payments', 'shipping'] })).flatMap(
      (group) => group.rules,
    );
    const keys = all.map((rule) =>
      isAlert(rule) ? JSON.stringify([rule.alert, labelsOf(rule)]) : rule.record,
    );
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  });

  test('are taken over another window, while the objectives keep theirs', () => {
    const all = createRuleGroups(resolveRules({ windowS: 60 })).flatMap((group) => group.rules);
    const expressionOf = (name: string) =>
      all.filter((rule) => isAlert(rule) && rule.alert === name).map(({ expr }) => expr);
    expect(expressionOf('HighErrorRate').join()).toContain(
      'job:http_server_request_errors:ratio_rate1m > 0.01',
    );
    expect(expressionOf('SloBurnAvailability').join()).toContain('ratio_rate5m');
  });

  test.each([15, 60, 300, 1_800, 3_600])(
    'read only what is recorded, once, over a window of %i s',
    (windowS) => {
      const all = createRuleGroups(resolveRules({ windowS })).flatMap((group) => group.rules);
      const recorded = all.flatMap((rule) => (isAlert(rule) ? [] : [rule.record]));
      expect(new Set(recorded).size).toBe(recorded.length);
      const read = all.flatMap(({ expr }) => expr.match(/\bjob(?:_le)?:\w+:\w+/g) ?? []);
      expect(read.filter((name) => !recorded.includes(name))).toEqual([]);
    },
  );

  test('tell what they are about, and what to do', () => {
    for (const { alert, summary, description, action } of alerts) {
      for (const text of [summary, description, action]) expect(text.length, alert).toBeGreaterThan(10);
    }
  });

  test('are told apart by their labels', () => {
    const keys = alerts.map(({ alert, severity, labels }) => JSON.stringify([alert, severity, labels]));
    // One for each service that is expected.
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('read what they say they read, themselves or by what is recorded', () => {
    for (const { alert, expr, reads } of alerts) {
      const resolved = recordings.reduceRight(
        (text, { record, expr: own }) => text.replaceAll(record, own),
        expr,
      );
      const named = (Object.keys(SERIES) as SeriesId[]).filter((id) => {
        const name = prometheusName(SERIES[id]).replace(/_ratio$/, '');
        return new RegExp(`(?<![a-z_])${name}(?:_bucket|_count|\\(_ratio\\)\\?)?(?![a-z_])`).test(resolved);
      });
      const alsoThere = alert === 'TrafficDrop' ? ['heartbeatTimestamp'] : [];
      expect(named.toSorted(), alert).toEqual([...reads, ...alsoThere].toSorted());
    }
  });

  test('read nothing that is recorded only below them', () => {
    const seen = new Set<string>();
    for (const rule of rules) {
      for (const [name] of rule.expr.matchAll(/job(?:_le)?:[a-z_]+:[a-z0-9_]+/g))
        expect(seen, name).toContain(name);
      if (!isAlert(rule)) seen.add(rule.record);
    }
  });
});
