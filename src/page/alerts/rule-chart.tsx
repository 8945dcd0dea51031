import { timeWindow, windowParams } from '../address/time-window.js';
import { TimeChart } from '../chart/time-chart.js';
import type { RuleChartAnswer } from '../data/answers.js';
import { useQuestion } from '../data/question.js';
import { Failure } from '../parts/empty.js';
import { counted } from '../parts/format.js';
import { hueClass } from '../parts/hue.js';
import { alertValue } from './value.js';

type RuleLine = RuleChartAnswer['lines'][number];

interface RuleChartProps {
  readonly ruleId: string;
  readonly name: string;
  /** Of an alert: only the line that it is about. */
  readonly labels?: Readonly<Record<string, string>>;
  /** When an alert fired, and until when; null while it fires. */
  readonly fired?: { readonly fromMs: number; readonly toMs: number | null } | undefined;
}

const mostLines = 4;

/** What a rule measures over time, against its threshold. */
export function RuleChart({ ruleId, name, labels, fired }: RuleChartProps) {
  const job = labels?.job;
  const answer = useQuestion<RuleChartAnswer>(
    `rules/${encodeURIComponent(ruleId)}`,
    { ...windowParams.value, label: job === undefined ? undefined : `job=${job}` },
    { everyMs: 5_000 },
  );
  const { data, error, refresh } = answer;
  if (error.value !== undefined) return <Failure text={error.value} retry={refresh} />;
  const of = data.value;
  if (of === undefined) return <div class="waiting" />;
  const { fromMs, toMs } = timeWindow.value;
  const lines = linesOf(of, labels);
  if (lines.length === 0) return <p class="quiet">The rule measured nothing in this time.</p>;
  const shown = lines.slice(0, mostLines);
  const limits = shown.flatMap((line) => line.limits.filter((value) => value !== null));
  const isConstant = limits.every((value) => value === limits[0]);
  const names = shown.map((line) => labelOf(line, shown));
  const leftOut = lines.length - shown.length + of.leftOut;
  const format = (value: number | null) => (value === null ? '–' : alertValue(name, value));
  const against = isBelow(of) ? 'alert below' : 'alert above';
  return (
    <>
      <TimeChart
        title="Value"
        fromMs={fromMs}
        toMs={toMs}
        times={(shown[0] as RuleLine).values.map((_value, index) => of.fromMs + index * of.stepMs)}
        stepMs={of.stepMs}
        isOfMoments
        lines={[
          ...shown.map(({ values }, index) => ({
            label: names[index] as string,
            values,
            class: classOf(shown, index),
          })),
          ...(shown.length === 1 && limits.length > 0 && !isConstant
            ? [{ label: against, values: shown[0]?.limits ?? [], class: 'line-threshold' }]
            : []),
        ]}
        format={format}
        threshold={isConstant && limits[0] !== undefined ? { value: limits[0], label: against } : undefined}
        behind={(_scale, x, width, height) =>
          fired !== undefined && (
            <Fired
              from={x(fired.fromMs)}
              to={fired.toMs === null ? width : x(fired.toMs)}
              {...{ width, height }}
            />
          )
        }
        height={112}
        hasAxis
      />
      {leftOut > 0 && <p class="quiet">{counted(leftOut, 'line')} more, further from the threshold</p>}
    </>
  );
}

/** While it fired, as far as that is in view. */
function Fired({
  from,
  to,
  width,
  height,
}: {
  readonly from: number;
  readonly to: number;
  readonly width: number;
  readonly height: number;
}) {
  const left = Math.max(0, from);
  const right = Math.min(width, to);
  return right <= left ? null : <rect class="fired" x={left} width={right - left} height={height} />;
}

/** Those of an alert, or of all the ones that are the closest to the threshold first. */
function linesOf(of: RuleChartAnswer, labels: RuleChartProps['labels']): readonly RuleLine[] {
  const { lines } = of;
  if (labels !== undefined)
    return lines.filter(({ labels: own }) =>
      Object.entries(own).every(([key, value]) => labels[key] === value),
    );
  const excess = ({ values, limits }: RuleLine) => {
    const value = lastOf(values);
    if (value === undefined) return Number.NEGATIVE_INFINITY;
    const over = value - (lastOf(limits) ?? 0);
    return isBelow(of) ? -over : over;
  };
  return [...lines].sort((a, b) => excess(b) - excess(a));
}

function isBelow({ operator }: RuleChartAnswer): boolean {
  return operator?.startsWith('<') === true;
}

function lastOf(values: readonly (number | null)[]): number | undefined {
  return values.findLast((value) => value !== null) ?? undefined;
}

/** A service has its hue; several lines of one service are told apart by their shades. */
function classOf(lines: readonly RuleLine[], index: number): string {
  const jobs = lines.map(({ labels }) => serviceOf(labels.job ?? ''));
  const own = jobs[index] as string;
  return own !== '' && jobs.filter((job) => job === own).length === 1
    ? `line-hue ${hueClass(own)}`
    : `line-${(index % 4) + 1}`;
}

/** Without its namespace. */
function serviceOf(job: string): string {
  return job.replace(/^.*\//, '');
}

/** What tells a line from the others: the values of labels that differ, else of its service. */
function labelOf({ labels }: Pick<RuleLine, 'labels'>, all: readonly Pick<RuleLine, 'labels'>[]): string {
  const differing = Object.keys(labels).filter((key) =>
    all.some((other) => other.labels[key] !== labels[key]),
  );
  const keys = differing.length > 0 ? differing : ['job'];
  const text = keys
    .map((key) => (key === 'job' ? serviceOf(labels[key] ?? '') : (labels[key] ?? '')))
    .join(' ');
  return text === '' ? 'value' : text;
}
