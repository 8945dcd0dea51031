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
  const parts: Uint8Array[] = [];
  let next = 0;
  copy(0, request.length, 0);
  return Buffer.concat(parts);

  /** Copies one message on the way to the points, and gives its new length. */
  function copy(from: number, to: number, depth: number): number {
    const reader = new FieldReader(request, from, to);
    let length = 0;
    // What stays as it is goes out in one part.
    let copied = from;
    while (reader.next()) {
      if (reader.field !== path[depth]) continue;
      length += append(request.subarray(copied, reader.start));
      copied = reader.end;
      // The length of what follows is known once it is copied; it stands before it.
      const head = parts.push(empty) - 1;
      const inner =
        depth === path.length - 1
          ? copyPoint(reader.bodyStart, reader.end)
          : copy(reader.bodyStart, reader.end, depth + 1);
      parts[head] = lengthDelimited(reader.field, inner);
      length += (parts[head] as Uint8Array).length + inner;
    }
    return length + append(request.subarray(copied, to));
  }

  function copyPoint(from: number, to: number): number {
    const exemplars = points[next] ?? [];
    next += 1;
    return append(request.subarray(from, to)) + (exemplars.length === 0 ? 0 : append(encode(exemplars)));
  }

  function append(part: Uint8Array): number {
    if (part.length > 0) parts.push(part);
    return part.length;
  }
}

const empty = new Uint8Array(0);

/** Reads over the fields of a message. @see https://protobuf.dev/programming-guides/encoding/ */
class FieldReader {
  readonly #bytes: Uint8Array;
  readonly #to: number;
  field: number;
  start: number;
  /** Behind the tag, and behind the length where there is one. */
  bodyStart: number;
  end: number;

  constructor(bytes: Uint8Array, from: number, to: number) {
    this.#bytes = bytes;
    this.#to = to;
    this.field = 0;
    this.start = from;
    this.bodyStart = from;
    this.end = from;
  }

  /** Goes to the next field; false where there is none. */
  next(): boolean {
    if (this.end >= this.#to) return false;
    this.start = this.end;
    this.bodyStart = this.start;
    const tag = this.#varint();
    this.field = tag >>> 3;
    const type = tag & 7;
    let length = 0;
    if (type === 0) this.#varint();
    else if (type === 1) length = 8;
    else if (type === 2) length = this.#varint();
    else if (type === 5) length = 4;
    this.end = this.bodyStart + length;
    return true;
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.bodyStart] ?? 0;
      this.bodyStart += 1;
      value += (byte & 0x7f) * scale;
      if ((byte & 0x80) === 0) return value;
    }
  }
}

function lengthDelimited(field: number, length: number): Uint8Array {
  return Uint8Array.from([...varint((field << 3) | 2), ...varint(length)]);
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
