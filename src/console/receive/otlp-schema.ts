/** How the values of a field are written in protobuf, and with it in OTLP/JSON: 64-bit numbers as strings, ids as hex. */
export type Scalar =
  | 'string'
  | 'id'
  | 'bytes'
  | 'bool'
  | 'uint32'
  | 'sint32'
  | 'int64'
  | 'uint64'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed64'
  | 'double';

export interface Field {
  readonly number: number;
  readonly name: string;
  readonly kind: Scalar | Message;
  readonly isRepeated: boolean;
}

export interface Message {
  readonly byNumber: ReadonlyMap<number, Field>;
  readonly byName: ReadonlyMap<string, Field>;
}

type Spec = readonly [
  number: number,
  name: string,
  kind: Scalar | Message | (() => Message),
  repeated?: true,
];

function message(specs: readonly Spec[]): Message {
  const byNumber = new Map<number, Field>();
  const byName = new Map<string, Field>();
  for (const [number, name, kind, repeated] of specs) {
    const isRepeated = repeated === true;
    const field: Field =
      typeof kind === 'function'
        ? {
            number,
            name,
            isRepeated,
            get kind() {
              return kind();
            },
          }
        : { number, name, kind, isRepeated };
    byNumber.set(number, field);
    byName.set(name, field);
  }
  return { byNumber, byName };
}

const arrayValue = message([[1, 'values', () => ANY_VALUE, true]]);
const keyValueList = message([[1, 'values', () => KEY_VALUE, true]]);

const ANY_VALUE: Message = message([
  [1, 'stringValue', 'string'],
  [2, 'boolValue', 'bool'],
  [3, 'intValue', 'int64'],
  [4, 'doubleValue', 'double'],
  [5, 'arrayValue', arrayValue],
  [6, 'kvlistValue', keyValueList],
  [7, 'bytesValue', 'bytes'],
]);

const KEY_VALUE: Message = message([
  [1, 'key', 'string'],
  [2, 'value', ANY_VALUE],
]);

export const RESOURCE = message([
  [1, 'attributes', KEY_VALUE, true],
  [2, 'droppedAttributesCount', 'uint32'],
]);

export const SCOPE = message([
  [1, 'name', 'string'],
  [2, 'version', 'string'],
  [3, 'attributes', KEY_VALUE, true],
  [4, 'droppedAttributesCount', 'uint32'],
]);

const event = message([
  [1, 'timeUnixNano', 'fixed64'],
  [2, 'name', 'string'],
  [3, 'attributes', KEY_VALUE, true],
  [4, 'droppedAttributesCount', 'uint32'],
]);

const link = message([
  [1, 'traceId', 'id'],
  [2, 'spanId', 'id'],
  [3, 'traceState', 'string'],
  [4, 'attributes', KEY_VALUE, true],
  [5, 'droppedAttributesCount', 'uint32'],
  [6, 'flags', 'fixed32'],
]);

const status = message([
  [2, 'message', 'string'],
  [3, 'code', 'uint32'],
]);

export const SPAN = message([
  [1, 'traceId', 'id'],
  [2, 'spanId', 'id'],
  [3, 'traceState', 'string'],
  [4, 'parentSpanId', 'id'],
  [5, 'name', 'string'],
  [6, 'kind', 'uint32'],
  [7, 'startTimeUnixNano', 'fixed64'],
  [8, 'endTimeUnixNano', 'fixed64'],
  [9, 'attributes', KEY_VALUE, true],
  [10, 'droppedAttributesCount', 'uint32'],
  [11, 'events', event, true],
  [12, 'droppedEventsCount', 'uint32'],
  [13, 'links', link, true],
  [14, 'droppedLinksCount', 'uint32'],
  [15, 'status', status],
  [16, 'flags', 'fixed32'],
]);

export const LOG_RECORD = message([
  [1, 'timeUnixNano', 'fixed64'],
  [2, 'severityNumber', 'uint32'],
  [3, 'severityText', 'string'],
  [5, 'body', ANY_VALUE],
  [6, 'attributes', KEY_VALUE, true],
  [7, 'droppedAttributesCount', 'uint32'],
  [8, 'flags', 'fixed32'],
  [9, 'traceId', 'id'],
  [10, 'spanId', 'id'],
  [11, 'observedTimeUnixNano', 'fixed64'],
  [12, 'eventName', 'string'],
]);

const exemplar = message([
  [7, 'filteredAttributes', KEY_VALUE, true],
  [2, 'timeUnixNano', 'fixed64'],
  [3, 'asDouble', 'double'],
  [6, 'asInt', 'sfixed64'],
  [4, 'spanId', 'id'],
  [5, 'traceId', 'id'],
]);

const numberPoint = message([
  [7, 'attributes', KEY_VALUE, true],
  [2, 'startTimeUnixNano', 'fixed64'],
  [3, 'timeUnixNano', 'fixed64'],
  [4, 'asDouble', 'double'],
  [6, 'asInt', 'sfixed64'],
  [5, 'exemplars', exemplar, true],
  [8, 'flags', 'uint32'],
]);

const histogramPoint = message([
  [9, 'attributes', KEY_VALUE, true],
  [2, 'startTimeUnixNano', 'fixed64'],
  [3, 'timeUnixNano', 'fixed64'],
  [4, 'count', 'fixed64'],
  [5, 'sum', 'double'],
  [6, 'bucketCounts', 'fixed64', true],
  [7, 'explicitBounds', 'double', true],
  [8, 'exemplars', exemplar, true],
  [10, 'flags', 'uint32'],
  [11, 'min', 'double'],
  [12, 'max', 'double'],
]);

const exponentialBuckets = message([
  [1, 'offset', 'sint32'],
  [2, 'bucketCounts', 'uint64', true],
]);

const exponentialPoint = message([
  [1, 'attributes', KEY_VALUE, true],
  [2, 'startTimeUnixNano', 'fixed64'],
  [3, 'timeUnixNano', 'fixed64'],
  [4, 'count', 'fixed64'],
  [5, 'sum', 'double'],
  [6, 'scale', 'sint32'],
  [7, 'zeroCount', 'fixed64'],
  [8, 'positive', exponentialBuckets],
  [9, 'negative', exponentialBuckets],
  [10, 'flags', 'uint32'],
  [11, 'exemplars', exemplar, true],
  [12, 'min', 'double'],
  [13, 'max', 'double'],
  [14, 'zeroThreshold', 'double'],
]);

const quantile = message([
  [1, 'quantile', 'double'],
  [2, 'value', 'double'],
]);

const summaryPoint = message([
  [7, 'attributes', KEY_VALUE, true],
  [2, 'startTimeUnixNano', 'fixed64'],
  [3, 'timeUnixNano', 'fixed64'],
  [4, 'count', 'fixed64'],
  [5, 'sum', 'double'],
  [6, 'quantileValues', quantile, true],
  [8, 'flags', 'uint32'],
]);

export const METRIC = message([
  [1, 'name', 'string'],
  [2, 'description', 'string'],
  [3, 'unit', 'string'],
  [5, 'gauge', message([[1, 'dataPoints', numberPoint, true]])],
  [
    7,
    'sum',
    message([
      [1, 'dataPoints', numberPoint, true],
      [2, 'aggregationTemporality', 'uint32'],
      [3, 'isMonotonic', 'bool'],
    ]),
  ],
  [
    9,
    'histogram',
    message([
      [1, 'dataPoints', histogramPoint, true],
      [2, 'aggregationTemporality', 'uint32'],
    ]),
  ],
  [
    10,
    'exponentialHistogram',
    message([
      [1, 'dataPoints', exponentialPoint, true],
      [2, 'aggregationTemporality', 'uint32'],
    ]),
  ],
  [11, 'summary', message([[1, 'dataPoints', summaryPoint, true]])],
]);

function request(resources: string, scopes: string, items: string, item: Message): Message {
  const scoped = message([
    [1, 'scope', SCOPE],
    [2, items, item, true],
    [3, 'schemaUrl', 'string'],
  ]);
  const ofResource = message([
    [1, 'resource', RESOURCE],
    [2, scopes, scoped, true],
    [3, 'schemaUrl', 'string'],
  ]);
  return message([[1, resources, ofResource, true]]);
}

export type Signal = 'traces' | 'metrics' | 'logs';

/** The export requests of OTLP 1.x. */
export const REQUESTS: Readonly<Record<Signal, Message>> = {
  traces: request('resourceSpans', 'scopeSpans', 'spans', SPAN),
  metrics: request('resourceMetrics', 'scopeMetrics', 'metrics', METRIC),
  logs: request('resourceLogs', 'scopeLogs', 'logRecords', LOG_RECORD),
};
