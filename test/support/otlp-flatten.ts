import {
  anyValue,
  attributes,
  child,
  children,
  elements,
  id,
  long,
  type Message,
  numeric,
  optionalNumeric,
  text,
  toLong,
  type Value,
} from './otlp-decode.js';

export type Attributes = Record<string, Value>;

/** What every item carries from the envelope around it. */
interface Origin {
  readonly resource: Attributes;
  readonly scope: { readonly name: string; readonly version: string };
}

export interface ReceivedSpan extends Origin {
  readonly name: string;
  readonly kind: (typeof KINDS)[number];
  readonly traceId: string;
  readonly spanId: string;
  /** '' for a root span. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly flags: number;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly attributes: Attributes;
  readonly droppedAttributesCount: number;
  readonly status: { readonly code: (typeof STATUS_CODES)[number]; readonly message: string };
  readonly events: readonly {
    readonly name: string;
    readonly timeUnixNano: bigint;
    readonly attributes: Attributes;
  }[];
  readonly links: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly traceState: string;
    readonly flags: number;
    readonly attributes: Attributes;
  }[];
}

/** One data point with the metric it belongs to; a field that its type does not have is undefined. */
export interface ReceivedPoint extends Origin {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly type: (typeof POINT_TYPES)[number];
  readonly temporality: (typeof TEMPORALITIES)[number] | undefined;
  readonly isMonotonic: boolean | undefined;
  readonly attributes: Attributes;
  readonly startTimeUnixNano: bigint;
  readonly timeUnixNano: bigint;
  /** Of a gauge or sum. */
  readonly value: number | undefined;
  /** Of a histogram, as are the fields below: upper bounds, and one count more than bounds. */
  readonly bounds: readonly number[] | undefined;
  readonly counts: readonly number[] | undefined;
  readonly count: number | undefined;
  readonly sum: number | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly exemplars: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly timeUnixNano: bigint;
    readonly value: number;
    readonly filteredAttributes: Attributes;
  }[];
}

export interface ReceivedLog extends Origin {
  readonly timeUnixNano: bigint;
  readonly observedTimeUnixNano: bigint;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName: string;
  readonly body: Value;
  readonly attributes: Attributes;
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
}

const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'] as const;
const STATUS_CODES = ['UNSET', 'OK', 'ERROR'] as const;
const TEMPORALITIES = ['UNSPECIFIED', 'DELTA', 'CUMULATIVE'] as const;
const POINT_TYPES = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const;

function enumName<T>(names: readonly T[], from: Message, field: string): T {
  const name = names[numeric(from, field)];
  if (name === undefined) throw new Error(`${field} ${numeric(from, field)} is not a value of its enum`);
  return name;
}

/** Calls `read` for each item of the two envelopes every signal has: a resource, and within it a scope. */
function flatten<T>(
  request: Message,
  envelopes: readonly [resources: string, scopes: string, items: string],
  read: (item: Message, origin: Origin) => T,
): T[] {
  const [resources, scopes, items] = envelopes;
  return children(request, resources).flatMap((byResource) =>
    children(byResource, scopes).flatMap((byScope) => {
      const scope = child(byScope, 'scope');
      const origin = {
        resource: attributes(child(byResource, 'resource')),
        scope: { name: text(scope, 'name'), version: text(scope, 'version') },
      };
      return children(byScope, items).map((item) => read(item, origin));
    }),
  );
}

export function flattenSpans(request: Message): ReceivedSpan[] {
  return flatten(request, ['resourceSpans', 'scopeSpans', 'spans'], (span, origin) => ({
    ...origin,
    name: text(span, 'name'),
    kind: enumName(KINDS, span, 'kind'),
    traceId: id(span, 'traceId', 16),
    spanId: id(span, 'spanId', 8),
    parentSpanId: id(span, 'parentSpanId', 8),
    traceState: text(span, 'traceState'),
    flags: numeric(span, 'flags'),
    startTimeUnixNano: long(span, 'startTimeUnixNano'),
    endTimeUnixNano: long(span, 'endTimeUnixNano'),
    attributes: attributes(span),
    droppedAttributesCount: numeric(span, 'droppedAttributesCount'),
    status: {
      code: enumName(STATUS_CODES, child(span, 'status'), 'code'),
      message: text(child(span, 'status'), 'message'),
    },
    events: children(span, 'events').map((event) => ({
      name: text(event, 'name'),
      timeUnixNano: long(event, 'timeUnixNano'),
      attributes: attributes(event),
    })),
    links: children(span, 'links').map((link) => ({
      traceId: id(link, 'traceId', 16),
      spanId: id(link, 'spanId', 8),
      traceState: text(link, 'traceState'),
      flags: numeric(link, 'flags'),
      attributes: attributes(link),
    })),
  }));
}

export function flattenMetrics(request: Message): ReceivedPoint[] {
  return flatten(request, ['resourceMetrics', 'scopeMetrics', 'metrics'], (metric, origin) => {
    const type = POINT_TYPES.find((name) => metric[name] !== undefined);
    if (type === undefined) throw new Error(`metric ${text(metric, 'name')} has no data`);
    const data = child(metric, type);
    const shared = {
      ...origin,
      name: text(metric, 'name'),
      description: text(metric, 'description'),
      unit: text(metric, 'unit'),
      type,
      temporality:
        type === 'gauge' || type === 'summary'
          ? undefined
          : enumName(TEMPORALITIES, data, 'aggregationTemporality'),
      isMonotonic: type === 'sum' ? Boolean(data.isMonotonic) : undefined,
    };
    return children(data, 'dataPoints').map((point) => ({
      ...shared,
      ...readPoint(point, type === 'histogram'),
    }));
  }).flat();
}

function readPoint(point: Message, isHistogram: boolean) {
  return {
    attributes: attributes(point),
    startTimeUnixNano: long(point, 'startTimeUnixNano'),
    timeUnixNano: long(point, 'timeUnixNano'),
    value: numberOf(point),
    bounds: isHistogram ? elements(point, 'explicitBounds').map(Number) : undefined,
    counts: isHistogram
      ? elements(point, 'bucketCounts').map((count) => Number(toLong(count, 'bucketCounts')))
      : undefined,
    count: point.count === undefined && !isHistogram ? undefined : Number(long(point, 'count')),
    sum: optionalNumeric(point, 'sum'),
    min: optionalNumeric(point, 'min'),
    max: optionalNumeric(point, 'max'),
    exemplars: children(point, 'exemplars').map((exemplar) => ({
      traceId: id(exemplar, 'traceId', 16),
      spanId: id(exemplar, 'spanId', 8),
      timeUnixNano: long(exemplar, 'timeUnixNano'),
      value: numberOf(exemplar) ?? Number.NaN,
      filteredAttributes: attributes(exemplar, 'filteredAttributes'),
    })),
  };
}

function numberOf(from: Message): number | undefined {
  return from.asInt === undefined ? optionalNumeric(from, 'asDouble') : Number(toLong(from.asInt, 'asInt'));
}

export function flattenLogs(request: Message): ReceivedLog[] {
  return flatten(request, ['resourceLogs', 'scopeLogs', 'logRecords'], (log, origin) => ({
    ...origin,
    timeUnixNano: long(log, 'timeUnixNano'),
    observedTimeUnixNano: long(log, 'observedTimeUnixNano'),
    severityNumber: numeric(log, 'severityNumber'),
    severityText: text(log, 'severityText'),
    eventName: text(log, 'eventName'),
    body: anyValue(child(log, 'body')),
    attributes: attributes(log),
    traceId: id(log, 'traceId', 16),
    spanId: id(log, 'spanId', 8),
    flags: numeric(log, 'flags'),
  }));
}
