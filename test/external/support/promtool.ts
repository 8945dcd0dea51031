import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RuleGroup } from '../../../src/rules/rule.js';
import { toYaml } from '../../../src/rules/rule-yaml.js';

/** What a query has to give at a time: labels and value of each series, or nothing at all. */
export interface Expectation {
  readonly at: string;
  readonly query: string;
  readonly gives: readonly { readonly labels: string; readonly value: number }[];
}

export interface Scenario {
  readonly name: string;
  /** Time between the samples, in Prometheus' notation. */
  readonly interval: string;
  /** Values in promtool's notation, by series. */
  readonly series: Readonly<Record<string, string>>;
  readonly expects: readonly Expectation[];
}

/** One run of scenarios over rules. */
export interface Trial {
  readonly groups: readonly RuleGroup[];
  readonly evaluation: string;
  readonly scenarios: readonly Scenario[];
}

/** What promtool says of a trial; undefined where it passed. */
export type Verdict = string | undefined;

/** Runs trials in as few processes as possible: promtool takes as many test files as one likes. */
export function tryRules(trials: readonly Trial[]): readonly Verdict[] {
  const folder = mkdtempSync(join(tmpdir(), 'golden-signals-rules-'));
  try {
    const files = trials.map((trial, index) => {
      writeFileSync(join(folder, `rules-${index}.yml`), toYaml(trial.groups));
      const file = `test-${index}.yml`;
      writeFileSync(join(folder, file), JSON.stringify(testFile(trial, `rules-${index}.yml`)));
      return file;
    });
    const said = spawnSync('promtool', ['test', 'rules', ...files], {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    if (said.error !== undefined) throw said.error;
    const bySection = said.stdout + said.stderr;
    return verdictsIn(bySection, said.stdout, files);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Failures go to standard error and which file they are of to standard output, so what failed is told from the latter alone. */
function verdictsIn(everything: string, stdout: string, files: readonly string[]): Verdict[] {
  const sections = new Map<string, string>();
  for (const section of stdout.split(/^Unit Testing: +/m).slice(1)) {
    const end = section.indexOf('\n');
    sections.set(section.slice(0, end).trim(), section.slice(end + 1));
  }
  return files.map((file) => {
    const section = sections.get(file);
    if (section === undefined) throw new Error(`promtool did not run ${file}: ${everything.slice(0, 4_000)}`);
    return /^ *SUCCESS/m.test(section) ? undefined : everything.slice(0, 20_000);
  });
}

function testFile({ evaluation, scenarios, groups }: Trial, rules: string): object {
  return {
    rule_files: [rules],
    evaluation_interval: evaluation,
    group_eval_order: groups.map(({ name }) => name),
    tests: scenarios.map(({ name, interval, series, expects }) => ({
      name,
      interval,
      input_series: Object.entries(series).map(([one, values]) => ({ series: one, values })),
      promql_expr_test: expects.map(({ at, query, gives }) => ({
        expr: query,
        eval_time: at,
        exp_samples: gives,
      })),
    })),
  };
}

/** The alert fires for exactly these series, and for none if there are none. */
export function fires(at: string, alert: string, ...series: readonly string[]): Expectation {
  const labels = [
    ...new Set(series.flatMap((one) => [...one.matchAll(/([a-z_]+)=/g)].map(([, label]) => label))),
  ];
  const firing = `ALERTS{alertname="${alert}",alertstate="firing"}`;
  return {
    at,
    query: labels.length === 0 ? firing : `count by (${labels.join(', ')}) (${firing})`,
    gives: series.map((one) => ({ labels: one, value: 1 })),
  };
}

/** Parts of a counter's life: so many steps at so much a step, in promtool's notation. */
export function counter(...phases: readonly (readonly [steps: number, increment: number])[]): string {
  let value = 0;
  const parts = phases.map(([steps, increment], index) => {
    const from = index === 0 ? 0 : value + increment;
    value += steps * increment;
    return `${from}+${increment}x${index === 0 ? steps : steps - 1}`;
  });
  return parts.join(' ');
}
