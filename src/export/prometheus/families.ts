import type { InstrumentationScope } from '@opentelemetry/core';
import type {
  DataPoint,
  Histogram,
  HistogramMetricData,
  MetricData,
  ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { type FamilyType, familyName, type NameKind } from '../../core/prometheus-names.js';
import { joinLabels, label } from './labels.js';

/** The data points of one metric. */
interface Group {
  /** What every sample of it carries besides its attributes. */
  readonly labels: string;
  readonly points: readonly (DataPoint<number> | DataPoint<Histogram>)[];
}

/** All metrics that Prometheus knows by one name. */
export interface Family {
  readonly name: string;
  readonly type: FamilyType;
  readonly unit: string | undefined;
  readonly help: string;
  readonly groups: Group[];
}

export interface FamilyParts {
  /** The scope of this library, whose metrics get no scope labels. */
  readonly scopeName: string;
  /** Called for each metric that cannot be shown, with the reason. */
  readonly onLeftOut: (metric: string, why: string) => void;
}

const HISTOGRAM_POINT = 0 as HistogramMetricData['dataPointType'];
const EXPONENTIAL_POINT = 1 as MetricData['dataPointType'];
const GAUGE_POINT = 2 as MetricData['dataPointType'];

const targetNames = ['target', 'target_info'];

/** The metrics of a collection as Prometheus has them: one family for each name, none that another would be taken for. */
export function familiesOf({ scopeMetrics }: ResourceMetrics, parts: FamilyParts): Family[] {
  const families = new Map<string, Family>();
  const taken = new Set(targetNames);
  for (const { scope, metrics } of scopeMetrics) {
    const labels = scope.name === parts.scopeName ? '' : scopeLabels(scope);
    for (const metric of metrics) {
      if (metric.dataPoints.length === 0) continue;
      const { name: given } = metric.descriptor;
      const why = add(metric, labels);
      if (why !== undefined) parts.onLeftOut(given, why);
    }
  }
  return [...families.values()];

  function add(metric: MetricData, labels: string): string | undefined {
    const { name: given, unit: givenUnit, description } = metric.descriptor;
    const kind = kindOf(metric);
    if (kind === undefined) return 'it is an exponential histogram, for which the text formats have no place';
    const named = familyName(given, givenUnit, kind);
    if (named === undefined) return 'no character of its name can stand in one of Prometheus';
    const { name, unit } = named;
    const type = kind === 'updowncounter' ? 'gauge' : kind;
    const group: Group = { labels, points: metric.dataPoints as Group['points'] };
    const known = families.get(name);
    if (known !== undefined) {
      if (known.type !== type) return `there is a ${known.type} ${name} already`;
      known.groups.push(group);
      return undefined;
    }
    const names = samplesOf(name, type);
    const clash = names.find((one) => taken.has(one));
    if (clash !== undefined) return `there is a metric with samples ${clash} already`;
    for (const one of names) taken.add(one);
    families.set(name, { name, type, unit, help: description, groups: [group] });
    return undefined;
  }
}

function kindOf(metric: MetricData): NameKind | undefined {
  if (metric.dataPointType === HISTOGRAM_POINT) return 'histogram';
  if (metric.dataPointType === EXPONENTIAL_POINT) return undefined;
  if (metric.dataPointType === GAUGE_POINT) return 'gauge';
  return (metric as { readonly isMonotonic: boolean }).isMonotonic ? 'counter' : 'updowncounter';
}

function samplesOf(name: string, type: FamilyType): string[] {
  if (type === 'gauge') return [name];
  if (type === 'counter') return [name, `${name}_total`];
  return [name, `${name}_bucket`, `${name}_sum`, `${name}_count`];
}

/** As the OpenTelemetry specification has it for scrapes: two libraries may have metrics of the same name. */
function scopeLabels({ name, version }: InstrumentationScope): string {
  const ofName = name === '' ? '' : label('otel_scope_name', name);
  return version ? joinLabels(ofName, label('otel_scope_version', version)) : ofName;
}
