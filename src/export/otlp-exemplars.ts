import type { HrTime } from '@opentelemetry/api';
import type { ISerializer } from '@opentelemetry/otlp-transformer';
import type { HistogramMetricData, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { exemplarsOf, type PointExemplar } from './exemplar-point.js';

const HISTOGRAM_POINT = 0 as HistogramMetricData['dataPointType'];

type Serializer<Response> = ISerializer<ResourceMetrics, Response>;

/** A serializer of JSON that writes exemplars, too, which the official one passes over: it adds them to what that one has written. */
export function withExemplars<Response>(serializer: Serializer<Response>): Serializer<Response> {
  return {
    serializeRequest(metrics) {
      const request = serializer.serializeRequest(metrics);
      if (request === undefined) return undefined;
      const points = histogramPoints(metrics);
      return points.some((exemplars) => exemplars.length > 0) ? addExemplars(request, points) : request;
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

function addExemplars(request: Uint8Array, points: readonly (readonly PointExemplar[])[]): Uint8Array {
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

const nanosOf = ([seconds, nanos]: HrTime): bigint => BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
