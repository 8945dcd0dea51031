import type { HrTime } from '@opentelemetry/api';
import type { ISerializer } from '@opentelemetry/otlp-transformer';
import type { HistogramMetricData, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { exemplarsOf, type PointExemplar } from './exemplar-point.js';

const HISTOGRAM_POINT = 0 as HistogramMetricData['dataPointType'];

// Where the data points of histograms are in an ExportMetricsServiceRequest: resource_metrics, scope_metrics, metrics, histogram,
// data_points (opentelemetry/proto/metrics/v1/metrics.proto).
const path = [1, 2, 2, 9, 1] as const;
const EXEMPLARS_FIELD = 8;
const BYTES_PER_EXEMPLAR = 2 + 9 + 9 + 10 + 18;

type Serializer<Response> = ISerializer<ResourceMetrics, Response>;

/** A serializer that writes exemplars, too, which the official one passes over: it adds them to what that one has written. */
export function withExemplars<Response>(
  serializer: Serializer<Response>,
  protocol: 'http/protobuf' | 'http/json',
): Serializer<Response> {
  const add = protocol === 'http/json' ? addToJson : addToProtobuf;
  return {
    serializeRequest(metrics) {
      const request = serializer.serializeRequest(metrics);
      if (request === undefined) return undefined;
      const points = histogramPoints(metrics);
      return points.some((exemplars) => exemplars.length > 0) ? add(request, points) : request;
    },
    deserializeResponse: (body) => serializer.deserializeResponse(body),
  };
}

/** The exemplars of every data point of a histogram, in the order in which they are written. */
function histogramPoints({ scopeMetrics }: ResourceMetrics): (readonly PointExemplar[])[] {
  return scopeMetrics.flatMap(({ metrics }) =>
    metrics
      .filter(({ dataPointType }) => dataPointType === HISTOGRAM_POINT)
      .flatMap(({ dataPoints }) => (dataPoints as object[]).map(exemplarsOf)),
  );
}

interface JsonPoint {
  exemplars?: object[];
}

interface JsonRequest {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly { readonly histogram?: { readonly dataPoints: readonly JsonPoint[] } }[];
    }[];
  }[];
}

function addToJson(request: Uint8Array, points: readonly (readonly PointExemplar[])[]): Uint8Array {
  const message = JSON.parse(Buffer.from(request).toString()) as JsonRequest;
  const written = message.resourceMetrics
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
    .flatMap(({ histogram }) => histogram?.dataPoints ?? []);
  for (const [index, point] of written.entries()) {
    const exemplars = points[index] ?? [];
    if (exemplars.length === 0) continue;
    point.exemplars = exemplars.map(({ traceId, spanId, value, time }) => ({
      timeUnixNano: String(nanosOf(time)),
      asDouble: value,
      spanId,
      traceId,
    }));
  }
  return Buffer.from(JSON.stringify(message));
}

/** Copies the message with the exemplars appended to each point: the lengths of all that is around it change with it. */
function addToProtobuf(request: Uint8Array, points: readonly (readonly PointExemplar[])[]): Uint8Array {
  let next = 0;
  return Buffer.concat(copy(request, 0).parts);

  function copy(message: Uint8Array, depth: number): { parts: Uint8Array[]; length: number } {
    if (depth === path.length) {
      const exemplars = encode(points[next] ?? []);
      next += 1;
      return { parts: [message, exemplars], length: message.length + exemplars.length };
    }
    const parts: Uint8Array[] = [];
    let length = 0;
    for (const { field, start, bodyStart, end } of fieldsOf(message)) {
      if (field !== path[depth]) {
        parts.push(message.subarray(start, end));
        length += end - start;
        continue;
      }
      const inner = copy(message.subarray(bodyStart, end), depth + 1);
      const head = Buffer.from([...varint((field << 3) | 2), ...varint(inner.length)]);
      parts.push(head);
      for (const part of inner.parts) parts.push(part);
      length += head.length + inner.length;
    }
    return { parts, length };
  }
}

interface Field {
  readonly field: number;
  readonly start: number;
  /** Behind the tag, and behind the length where there is one. */
  readonly bodyStart: number;
  readonly end: number;
}

/** The fields of a message. @see https://protobuf.dev/programming-guides/encoding/ */
function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0;
  const read = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at] as number;
      at += 1;
      value += (byte & 0x7f) * scale;
      if ((byte & 0x80) === 0) return value;
    }
  };
  while (at < message.length) {
    const start = at;
    const tag = read();
    const type = tag & 7;
    if (type === 0) read();
    const length = type === 2 ? read() : type === 1 ? 8 : type === 5 ? 4 : 0;
    const bodyStart = at;
    at += length;
    yield { field: tag >>> 3, start, bodyStart, end: at };
  }
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return bytes;
}

/** Each is of the same length: its time, its value, and the ids of its span. */
function encode(exemplars: readonly PointExemplar[]): Buffer {
  const bytes = Buffer.alloc(exemplars.length * BYTES_PER_EXEMPLAR);
  let at = 0;
  for (const { traceId, spanId, value, time } of exemplars) {
    at = bytes.writeUInt8((EXEMPLARS_FIELD << 3) | 2, at);
    at = bytes.writeUInt8(BYTES_PER_EXEMPLAR - 2, at);
    at = bytes.writeUInt8((2 << 3) | 1, at);
    at = bytes.writeBigUInt64LE(nanosOf(time), at);
    at = bytes.writeUInt8((3 << 3) | 1, at);
    at = bytes.writeDoubleLE(value, at);
    at = bytes.writeUInt8((4 << 3) | 2, at);
    at = bytes.writeUInt8(8, at);
    at += bytes.write(spanId, at, 8, 'hex');
    at = bytes.writeUInt8((5 << 3) | 2, at);
    at = bytes.writeUInt8(16, at);
    at += bytes.write(traceId, at, 16, 'hex');
  }
  return bytes;
}

const nanosOf = ([seconds, nanos]: HrTime): bigint => BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
