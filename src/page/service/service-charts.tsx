import { go, href } from '../address/address.js';
import { timeWindow, windowParams } from '../address/time-window.js';
import { Heat, rangeOf } from '../chart/heat.js';
import { Lanes } from '../chart/lanes.js';
import { logScale } from '../chart/scale.js';
import { TimeChart } from '../chart/time-chart.js';
import type {
  AlertsAnswer,
  GaugesAnswer,
  HeatAnswer,
  RulesAnswer,
  SignalsAnswer,
  StatesAnswer,
} from '../data/answers.js';
import { nowMs } from '../data/clock.js';
import { useQuestion } from '../data/question.js';
import { Failure } from '../parts/empty.js';
import { bytes, duration, figures, rate, share } from '../parts/format.js';
import { traceHref } from '../parts/links.js';
import { type GaugeChart, gaugeCharts } from './gauge-lines.js';
import { lanesOf } from './service-lanes.js';

interface ServiceChartsProps {
  readonly service: string;
  /** Only of this route; '' for all. */
  readonly route: string;
}

/** RED above, USE below, on one axis of time. */
export function ServiceCharts({ service, route }: ServiceChartsProps) {
  const window = windowParams.value;
  const kind = route === '' ? 'service' : 'route';
  const signals = useQuestion<SignalsAnswer>('signals', { kind, service, name: route, ...window });
  const heat = useQuestion<HeatAnswer>('heat', { service, name: route, ...window });
  const gauges = useQuestion<GaugesAnswer>('gauges', { service, ...window }, { everyMs: 5_000 });
  const states = useQuestion<StatesAnswer>('states', { service, ...window }, { everyMs: 5_000 });
  const alerts = useQuestion<AlertsAnswer>('alerts', {}, { isOfAlerts: true, isTimeless: true });
  const rules = useQuestion<RulesAnswer>('rules', {}, { everyMs: 0 });
  const { fromMs, toMs } = timeWindow.value;
  const limitOf = (name: string, factor: number) => {
    const rule = rules.data.value?.rules.find((one) => one.name === name);
    return rule?.threshold === undefined
      ? undefined
      : { value: rule.threshold * factor, label: 'alert above' };
  };
  const points = wholePoints(signals.data.value);
  const times = points.map(({ timeMs }) => timeMs);
  const stepMs = signals.data.value?.stepMs ?? 10_000;
  const axis = { fromMs, toMs, times, stepMs };
  const example = (pick: 'slowest' | 'failed') => (index: number) => {
    const point = points[index];
    const id = (pick === 'failed' ? point?.failed : undefined) ?? point?.slowest;
    return id === undefined ? undefined : () => go(traceHref(id));
  };
  const heatAnswer = heat.data.value;
  const range = heatAnswer === undefined ? { least: 1, most: 1_000 } : rangeOf(heatAnswer);
  const latencyLimit = limitOf('HighLatencyP99', 1_000);
  const durationScale = (height: number) =>
    logScale(range.least / 1.2, Math.max(range.most, latencyLimit?.value ?? 0) * 1.2, height);
  const failure = signals.error.value ?? gauges.error.value;
  return (
    <section class="section" aria-label="charts">
      {failure !== undefined && <Failure text={failure} retry={signals.refresh} />}
      {states.data.value !== undefined && (
        <Lanes
          fromMs={fromMs}
          toMs={toMs}
          lanes={lanesOf(service, states.data.value, alerts.data.value, nowMs.value)}
        />
      )}
      <div class="charts">
        <TimeChart
          {...axis}
          title="Rate"
          lines={[
            { label: 'requests', values: points.map((point) => point.rate), class: 'line-2', isArea: true },
            {
              label: 'failed',
              values: points.map(({ errors }) => errors / (stepMs / 1_000)),
              class: 'line-fail',
              isArea: true,
            },
          ]}
          format={rate}
          exampleAt={example('slowest')}
        />
        <TimeChart
          {...axis}
          title="Errors"
          lines={[
            {
              label: 'share',
              values: points.map((point) => point.errorRatio),
              class: 'line-fail',
              isArea: true,
            },
          ]}
          format={share}
          threshold={limitOf('HighErrorRate', 1)}
          exampleAt={example('failed')}
        />
        <TimeChart
          {...axis}
          title="Latency"
          height={196}
          lines={[
            { label: 'p50', values: points.map((point) => point.p50), class: 'line-1' },
            { label: 'p95', values: points.map((point) => point.p95), class: 'line-4' },
            { label: 'p99', values: points.map((point) => point.p99), class: 'line-3' },
          ]}
          format={duration}
          scale={durationScale}
          threshold={latencyLimit}
          behind={(scale, x, width, height) =>
            heatAnswer !== undefined && (
              <Heat of={heatAnswer} scale={scale} x={x} width={width} height={height} />
            )
          }
          exampleAt={example('slowest')}
          hasAxis
        />
      </div>
      {gauges.data.value !== undefined && <Saturation of={gauges.data.value} fromMs={fromMs} toMs={toMs} />}
      <p class="quiet chart-help">
        Click a point for its slowest trace; drag over a part of the time to look at it.{' '}
        <a class="link" href={href('/traces', { service, route })}>
          All traces of this time
        </a>
      </p>
    </section>
  );
}

/** The step that is under way counts for as long as it has lasted; in its first half it says too little. */
function wholePoints(answer: SignalsAnswer | undefined): SignalsAnswer['points'] {
  if (answer === undefined) return [];
  const { points, stepMs, toMs } = answer;
  const last = points.at(-1);
  if (last === undefined) return points;
  const lasted = toMs - last.timeMs;
  if (lasted >= stepMs) return points;
  const before = points.slice(0, -1);
  return lasted < stepMs / 2 ? before : [...before, { ...last, rate: last.count / (lasted / 1_000) }];
}

const formats: Readonly<Record<GaugeChart['unit'], (value: number | null) => string>> = {
  seconds: (value) => duration(value === null ? null : value * 1_000),
  share,
  bytes,
  count: (value) => (value === null ? '–' : figures(value)),
};

function Saturation({
  of,
  fromMs,
  toMs,
}: {
  readonly of: GaugesAnswer;
  readonly fromMs: number;
  readonly toMs: number;
}) {
  const charts = gaugeCharts(of);
  const times = Array.from(
    { length: of.series[0]?.values.length ?? 0 },
    (_one, index) => of.fromMs + index * of.stepMs,
  );
  return (
    <div class="charts is-pairs">
      {charts.map(({ title, unit, lines, limit }) => (
        <TimeChart
          key={title}
          title={title}
          fromMs={fromMs}
          toMs={toMs}
          times={times}
          stepMs={of.stepMs}
          lines={lines}
          format={formats[unit]}
          threshold={limit}
          height={64}
          base={unit === 'bytes' ? 2 ** 20 : 1}
          hasAxis
        />
      ))}
    </div>
  );
}
