import { describe, expect, test } from 'vitest';
import { createDashboard } from '../../src/rules/dashboard.js';
import { resolveRules } from '../../src/rules/rule-options.js';
import { FORMER_POOL_LIMIT, prometheusName, SERIES } from '../../src/rules/series.js';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly exemplar: boolean }[];
  readonly fieldConfig?: {
    readonly defaults: { readonly unit: string; readonly thresholds: { steps: unknown[] } };
  };
}

interface Dashboard {
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
}

// As Grafana gets it: through JSON.
const make = (options = {}) =>
  JSON.parse(JSON.stringify(createDashboard(resolveRules(options)))) as Dashboard;
const dashboard = make();
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const targets = panels.flatMap((panel) => (panel.targets ?? []).map((target) => ({ panel, ...target })));

describe('the dashboard', () => {
  test('has no panel that overlaps another, or leaves the 24 columns', () => {
    const taken = new Set<string>();
    for (const { title, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken, title).not.toContain(`${x} ${y}`);
          taken.add(`${x} ${y}`);
        }
      }
    }
  });

  test('tells panels and queries apart', () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    for (const panel of panels) {
      const ids = (panel.targets ?? []).map(({ refId }) => refId);
      expect(ids.length).toBeGreaterThan(0);
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  test('leaves the data source to whoever imports it', () => {
    expect(dashboard.templating.list.map(({ name, type }) => [name, type])).toEqual([
      ['datasource', 'datasource'],
      ['job', 'query'],
      ['instance', 'query'],
    ]);
    for (const { datasource } of panels) expect(datasource?.uid).toBe(['$', '{datasource}'].join(''));
    expect(JSON.stringify(dashboard)).not.toContain('localhost');
  });

  test('reads only what the table of series has', () => {
    const names = [...Object.values(SERIES), FORMER_POOL_LIMIT].map((series) =>
      prometheusName(series).replace(/_ratio$/, ''),
    );
    for (const { expr } of targets) {
      const read = [
        ...expr.matchAll(
          /(?:http|db|nodejs|process|v8js|golden_signals)_[a-z0-9_]+(?=[{(])|"(\w+)\(_ratio\)\?"/g,
        ),
      ]
        .map(([name, ratio]) => ratio ?? name)
        .map((name) =>
          name.replace(/_(bucket|count|sum)$/, (suffix) =>
            suffix === '_count' && names.includes(name) ? suffix : '',
          ),
        );
      expect(read.length, expr).toBeGreaterThan(0);
      for (const name of read) expect(names, expr).toContain(name);
    }
  });

  test('shows exemplars where there are durations, and nowhere else', () => {
    for (const { expr, exemplar } of targets)
      expect(exemplar, expr).toBe(expr.includes('histogram_quantile'));
  });

  test('looks at the service and the instance that were chosen', () => {
    for (const { expr } of targets) {
      const selectors = expr.match(/\{[^}]*\}/g) ?? [];
      expect(selectors.length, expr).toBeGreaterThan(0);
      for (const selector of selectors) {
        expect(selector).toContain('job=~"$job"');
        expect(selector).toContain('instance=~"$instance"');
      }
    }
  });

  test('draws the thresholds of the alerts', () => {
    const steps = (title: string) =>
      make({ p99S: 1.5, poolRatio: 0.7 }).panels.find((panel) => panel.title === title)?.fieldConfig?.defaults
        .thresholds.steps;
    expect(steps('Duration')).toContainEqual({ color: 'red', value: 1.5 });
    expect(steps('Pool saturation')).toContainEqual({ color: 'red', value: 0.7 });
  });
});
