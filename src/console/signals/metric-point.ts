import type { Json } from '../receive/protobuf-to-json.js';
import { plainAttributes } from '../store/attributes.js';

type MetricKind = 'gauge' | 'counter' | 'updowncounter' | 'histogram';

/** A metric as it came, in one form for all its kinds. */
export interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly kind: MetricKind;
  readonly isDelta: boolean;
  readonly points: readonly Point[];
}

export interface Point {
  /** The attributes as they came: what they say as a text tells series apart. */
  readonly key: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** In milliseconds since the epoch. */
  readonly timeMs: number;
  /** When it began to count, as it came. */
  readonly startNano: string;
  /** Of a gauge or sum. */
  readonly value: number;
  readonly histogram: ExplicitHistogram | undefined;
  /** Ids of traces. */
  readonly examples: readonly string[];
}

export interface ExplicitHistogram {
  readonly bounds: readonly number[];
  /** One more than bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

const DELTA = 1;

/** Reads a metric of OTLP/JSON; undefined for one that has no points of a kind that is kept: a summary. */
export function metricOf(json: Json, boundaries: readonly number[]): Metric | undefined {
  const { name = '', unit = '' } = json as { name?: string; unit?: string };
  for (const kind of ['gauge', 'sum', 'histogram', 'exponentialHistogram'] as const) {
    const data = json[kind] as Json | undefined;
    if (data === undefined) continue;
    const points = ((data.dataPoints ?? []) as readonly Json[]).map((point) =>
      pointOf(point, kind, boundaries),
    );
    return {
      name,
      unit,
      kind:
        kind === 'gauge'
          ? 'gauge'
          : kind !== 'sum'
            ? 'histogram'
            : data.isMonotonic === true
              ? 'counter'
              : 'updowncounter',
      isDelta: kind !== 'gauge' && data.aggregationTemporality === DELTA,
      points,
    };
  }
  return undefined;
}

function pointOf(
  json: Json,
  kind: 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram',
  boundaries: readonly number[],
): Point {
  return {
    key: JSON.stringify(json.attributes ?? []),
    attributes: plainAttributes(json),
    timeMs: Number(json.timeUnixNano ?? 0) / 1e6,
    startNano: String(json.startTimeUnixNano ?? ''),
    value: Number(json.asDouble ?? json.asInt ?? 0),
    histogram:
      kind === 'histogram'
        ? explicitOf(json)
        : kind === 'exponentialHistogram'
          ? fromExponential(json, boundaries)
          : undefined,
    examples: ((json.exemplars ?? []) as readonly Json[]).flatMap(({ traceId }) =>
      typeof traceId === 'string' ? [traceId] : [],
    ),
  };
}

function explicitOf(json: Json): ExplicitHistogram {
  return {
    bounds: ((json.explicitBounds ?? []) as readonly (number | string)[]).map(Number),
    counts: ((json.bucketCounts ?? []) as readonly string[]).map(Number),
    sum: Number(json.sum ?? 0),
    count: Number(json.count ?? 0),
  };
}

/**
 * The same observations in buckets with the bounds given. A bucket with a bound in it is shared out by the ratio of its parts, as its
 * values are taken to be spread.
 */
function fromExponential(json: Json, boundaries: readonly number[]): ExplicitHistogram {
  const counts = new Array<number>(boundaries.length + 1).fill(0);
  const put = (from: number, to: number, count: number) => {
    let left = count;
    for (let index = 0; index < boundaries.length; index += 1) {
      const bound = boundaries[index] as number;
      if (bound <= from) continue;
      if (bound >= to) {
        counts[index] = (counts[index] as number) + left;
        return;
      }
      const below = index === 0 ? from : Math.max(from, boundaries[index - 1] as number);
      const part = Math.min(left, Math.round((count * Math.log(bound / below)) / Math.log(to / from)));
      counts[index] = (counts[index] as number) + part;
      left -= part;
    }
    counts[boundaries.length] = (counts[boundaries.length] as number) + left;
  };
  const base = 2 ** (2 ** -Number(json.scale ?? 0));
  const below = Number(json.zeroCount ?? 0);
  counts[0] = below;
  const { offset = 0, bucketCounts = [] } = (json.positive ?? {}) as {
    offset?: number;
    bucketCounts?: readonly string[];
  };
  for (const [index, count] of bucketCounts.entries()) {
    if (Number(count) > 0) put(base ** (offset + index), base ** (offset + index + 1), Number(count));
  }
  // What is negative is below every bound.
  const negative = ((json.negative as Json | undefined)?.bucketCounts ?? []) as readonly string[];
  for (const count of negative) counts[0] = (counts[0] as number) + Number(count);
  return { bounds: boundaries, counts, sum: Number(json.sum ?? 0), count: Number(json.count ?? 0) };
}
