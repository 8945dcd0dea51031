import type {
  DataPoint,
  ExponentialHistogramMetricData,
  HistogramMetricData,
  MetricData,
  ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { exemplarsOf, type PointExemplar } from './exemplar-point.js';
import { writeAttributes, writeResource, writeScope } from './otlp-common.js';
import { ProtobufWriter } from './protobuf-writer.js';

// A request is most often as large as the one before it.
const firstBytes = 16_384;
const spareRatio = 1.125;

// How many bytes the lengths of long messages take, so that they need not be moved.
const lengthOfAll = 3;
const lengthOfMetric = 2;

// The SDK's enums by value, DataPointType and ValueType of the API: importing them would load their packages.
const HISTOGRAM = 0;
const EXPONENTIAL_HISTOGRAM = 1;
const GAUGE = 2;
const SUM = 3;
const INT = 0;

/**
 * Writes an ExportMetricsServiceRequest: byte for byte what the official serializer writes, and the exemplars that it passes over. It
 * is here for what it does not load: the official one brings along five megabytes, which every full garbage collection of a service goes over.
 * @see opentelemetry/proto/metrics/v1/metrics.proto
 */
export function createMetricWriter(): (metrics: ResourceMetrics) => Uint8Array {
  let expectedBytes = firstBytes;
  return ({ resource, scopeMetrics }) => {
    const writer = new ProtobufWriter(expectedBytes);
    const all = writer.open(1, lengthOfAll);
    writeResource(writer, resource);
    for (const { scope, metrics } of scopeMetrics) {
      const scoped = writer.open(2, lengthOfAll);
      writeScope(writer, scope);
      for (const metric of metrics) writeMetric(writer, metric);
      if (scope.schemaUrl) writer.text(3, scope.schemaUrl);
      writer.close(scoped, lengthOfAll);
    }
    if (resource.schemaUrl) writer.text(3, resource.schemaUrl);
    writer.close(all, lengthOfAll);
    const bytes = writer.finish();
    expectedBytes = Math.max(firstBytes, Math.ceil(bytes.length * spareRatio));
    return bytes;
  };
}

function writeMetric(writer: ProtobufWriter, metric: MetricData): void {
  const { name, description, unit, valueType } = metric.descriptor;
  const start = writer.open(2, lengthOfMetric);
  writer.text(1, name);
  if (description) writer.text(2, description);
  if (unit) writer.text(3, unit);
  if (metric.dataPointType === GAUGE) {
    const data = writer.open(5, lengthOfMetric);
    for (const point of metric.dataPoints) writeNumberPoint(writer, point, valueType === INT);
    writer.close(data, lengthOfMetric);
  } else if (metric.dataPointType === SUM) {
    const data = writer.open(7, lengthOfMetric);
    for (const point of metric.dataPoints) writeNumberPoint(writer, point, valueType === INT);
    writer.uint32(2, temporalityOf(metric));
    if (metric.isMonotonic) writer.uint32(3, 1);
    writer.close(data, lengthOfMetric);
  } else if (metric.dataPointType === HISTOGRAM) {
    const data = writer.open(9, lengthOfMetric);
    for (const point of metric.dataPoints) writeHistogramPoint(writer, point);
    writer.uint32(2, temporalityOf(metric));
    writer.close(data, lengthOfMetric);
  } else if (metric.dataPointType === EXPONENTIAL_HISTOGRAM) {
    const data = writer.open(10, lengthOfMetric);
    for (const point of metric.dataPoints) writeExponentialPoint(writer, point);
    writer.uint32(2, temporalityOf(metric));
    writer.close(data, lengthOfMetric);
  }
  writer.close(start, lengthOfMetric);
}

/** In the protocol 0 is "unspecified", which the SDK does not know. */
function temporalityOf({ aggregationTemporality }: MetricData): number {
  return aggregationTemporality + 1;
}

function writeTimes(writer: ProtobufWriter, { startTime, endTime }: DataPoint<unknown>): void {
  writer.nanos(2, startTime[0], startTime[1]);
  writer.nanos(3, endTime[0], endTime[1]);
}

function writeNumberPoint(writer: ProtobufWriter, point: DataPoint<number>, isInt: boolean): void {
  const start = writer.open(1);
  writeTimes(writer, point);
  if (isInt) writer.sfixed64(6, point.value);
  else writer.double(4, point.value);
  writeAttributes(writer, 7, point.attributes);
  writer.close(start);
}

type HistogramPoint = HistogramMetricData['dataPoints'][number];

function writeHistogramPoint(writer: ProtobufWriter, point: HistogramPoint): void {
  const { count, sum, min, max, buckets } = point.value;
  const start = writer.open(1, lengthOfMetric);
  writeTimes(writer, point);
  writer.fixed64(4, count);
  if (sum !== undefined) writer.double(5, sum);
  if (buckets.counts.length > 0) writer.fixed64s(6, buckets.counts);
  if (buckets.boundaries.length > 0) writer.doubles(7, buckets.boundaries);
  writeAttributes(writer, 9, point.attributes);
  if (min !== undefined) writer.double(11, min);
  if (max !== undefined) writer.double(12, max);
  for (const exemplar of exemplarsOf(point)) writeExemplar(writer, exemplar);
  writer.close(start, lengthOfMetric);
}

function writeExemplar(writer: ProtobufWriter, { time, value, spanId, traceId }: PointExemplar): void {
  const start = writer.open(8);
  writer.nanos(2, time[0], time[1]);
  writer.double(3, value);
  writer.hex(4, spanId);
  writer.hex(5, traceId);
  writer.close(start);
}

type ExponentialPoint = ExponentialHistogramMetricData['dataPoints'][number];

function writeExponentialPoint(writer: ProtobufWriter, point: ExponentialPoint): void {
  const { count, sum, scale, zeroCount, positive, negative, min, max } = point.value;
  const start = writer.open(1, lengthOfMetric);
  writeAttributes(writer, 1, point.attributes);
  writeTimes(writer, point);
  writer.fixed64(4, count);
  if (sum !== undefined) writer.double(5, sum);
  if (scale !== 0) writer.sint32(6, scale);
  writer.fixed64(7, zeroCount);
  writeBuckets(writer, 8, positive);
  writeBuckets(writer, 9, negative);
  if (min !== undefined) writer.double(12, min);
  if (max !== undefined) writer.double(13, max);
  writer.close(start, lengthOfMetric);
}

function writeBuckets(
  writer: ProtobufWriter,
  field: number,
  { offset, bucketCounts }: ExponentialPoint['value']['positive'],
): void {
  const start = writer.open(field);
  if (offset !== 0) writer.sint32(1, offset);
  if (bucketCounts.length > 0) writer.varints(2, bucketCounts);
  writer.close(start);
}
