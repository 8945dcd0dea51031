import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { durationMs } from '../../../src/console/alerts/promql/lexer.js';
import type { RuleGroup } from '../../../src/rules/rule.js';
import { toYaml } from '../../../src/rules/rule-yaml.js';
import type { Answer, AnsweredSample, AskedWorld, Question } from '../../console/alerts/support/answers.js';

export interface AnsweredAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface World extends AskedWorld {
  /** Ours, or a rule file. */
  readonly groups: readonly RuleGroup[] | string;
}

/** No expression gives it, so that promtool fails each time and prints what there is instead. */
const never = { labels: 'never_there', value: 1 };

/** Asks promtool by expecting what cannot be: its complaint holds what it has, with all digits. */
export function askPromtool(world: World, questions: readonly Question[]): Answer[] {
  const said = complaintOf(world, {
    promql_expr_test: questions.map(({ expr, atS }) => ({
      expr,
      eval_time: `${atS}s`,
      exp_samples: [never],
    })),
  });
  const sections = said.split(/^ {4}expr: /m).slice(1);
  if (sections.length !== questions.length)
    throw new Error(
      `promtool answered ${sections.length} of ${questions.length} questions: ${said.slice(0, 2_000)}`,
    );
  return sections.map((section) => {
    const got = /^ {8}got: (.*)$/m.exec(section)?.[1];
    if (got === undefined) return 'error';
    return got === 'nil' ? [] : parseSamples(got);
  });
}

/** The alerts of these names that fire at the last evaluation before each time, with what they say. */
export function askAlerts(
  world: World,
  alerts: readonly string[],
  timesS: readonly number[],
): Map<number, AnsweredAlert[]> {
  const said = complaintOf(world, {
    alert_rule_test: timesS.flatMap((atS) =>
      alerts.map((alertname) => ({
        eval_time: `${atS}s`,
        alertname,
        exp_alerts: [{ exp_labels: { never: 'there' } }],
      })),
    ),
  });
  const answers = new Map<number, AnsweredAlert[]>(timesS.map((atS) => [atS, []]));
  const sections = said.split(/^ {4}alertname: /m).slice(1);
  if (sections.length !== timesS.length * alerts.length)
    throw new Error(`promtool answered ${sections.length} questions: ${said.slice(0, 2_000)}`);
  for (const section of sections) {
    const time = /, time: (\S+), *$/m.exec(section)?.[1] ?? '';
    const got = section.slice(section.indexOf('got:'));
    for (const [, labels = '', annotations = ''] of got.matchAll(
      /Labels:(\{.*\})\n\s*Annotations:(\{.*\})/g,
    )) {
      answers
        .get(durationMs(time) / 1_000)
        ?.push({ labels: parseLabelSet(labels), annotations: parseLabelSet(annotations) });
    }
  }
  return answers;
}

function complaintOf({ groups, evaluation, interval, series }: World, questions: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'golden-signals-promtool-'));
  try {
    writeFileSync(join(folder, 'rules.yml'), typeof groups === 'string' ? groups : toYaml(groups));
    const test = {
      rule_files: ['rules.yml'],
      evaluation_interval: evaluation,
      group_eval_order: typeof groups === 'string' ? [] : groups.map(({ name }) => name),
      tests: [
        {
          interval,
          input_series: Object.entries(series).map(([one, values]) => ({ series: one, values })),
          ...questions,
        },
      ],
    };
    writeFileSync(join(folder, 'test.yml'), JSON.stringify(test));
    const { stderr, stdout, error } = spawnSync('promtool', ['test', 'rules', 'test.yml'], {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
    });
    if (error !== undefined) throw error;
    return stderr + stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const sample = /(\{(?:\w+="(?:[^"\\]|\\.)*"(?:, )?)*\}) ([^\s,]+)(?:, |$)/g;

function parseSamples(text: string): AnsweredSample[] {
  return [...text.matchAll(sample)].map(([, labels = '', value = '']) => [
    parseLabelSet(labels),
    Number(value.replace('Inf', 'Infinity')),
  ]);
}

function parseLabelSet(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/(\w+)=("(?:[^"\\]|\\.)*")/g)].map(([, name, value = '""']) => [
      name,
      JSON.parse(value.replace(/\\x([0-9a-f]{2})/g, '\\u00$1').replace(/\\[av]/g, '?')) as string,
    ]),
  );
}
