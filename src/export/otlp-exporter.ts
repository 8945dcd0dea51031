import type { ExportResult } from '@opentelemetry/core';
import type { IExporterMetricsHelper, ISerializer } from '@opentelemetry/otlp-transformer';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { Clock } from '../core/clock.js';
import type { Random } from '../core/random.js';
import type { Timers } from '../core/timers.js';
import { loadInSteps, otlpSteps } from './load.js';
import type { OtlpConfig } from './otlp-config.js';
import { withExemplars } from './otlp-exemplars.js';
import { createSpanWriter } from './otlp-spans.js';
import { OtlpTransport } from './otlp-transport.js';

/** What a queue or reader of ours needs of an exporter. */
export interface Exporter<Items> {
  export(items: Items, done: (result: ExportResult) => void): void;
  /** Gives up what is under way. */
  shutdown(): Promise<void>;
}

export interface OtlpParts {
  readonly config: OtlpConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  /** Aborted when the service shuts down. */
  readonly closing: AbortSignal;
  /** Hears how many items of an otherwise successful export the collector refused. */
  readonly onRejected: (count: number) => void;
}

/** Makes the exporter of spans. Its packages are loaded here, at the first export, and not before. */
export async function createOtlpSpanExporter(parts: OtlpParts): Promise<Exporter<ReadableSpan[]>> {
  await loadInSteps(otlpSteps);
  const { JsonTraceSerializer, ProtobufTraceSerializer, TraceExporterMetricsHelper } =
    require('@opentelemetry/otlp-transformer') as typeof import('@opentelemetry/otlp-transformer');
  const serializer = isJson(parts)
    ? JsonTraceSerializer
    : { ...ProtobufTraceSerializer, serializeRequest: createSpanWriter() };
  return createOtlpExporter(parts, serializer, TraceExporterMetricsHelper);
}

/** Makes the exporter of metrics, likewise. */
export async function createOtlpMetricExporter(parts: OtlpParts): Promise<Exporter<ResourceMetrics>> {
  await loadInSteps(otlpSteps);
  const { JsonMetricsSerializer, ProtobufMetricsSerializer, MetricsExporterMetricsHelper } =
    require('@opentelemetry/otlp-transformer') as typeof import('@opentelemetry/otlp-transformer');
  const serializer = isJson(parts) ? JsonMetricsSerializer : ProtobufMetricsSerializer;
  const { protocol } = parts.config;
  return createOtlpExporter(parts, withExemplars(serializer, protocol), MetricsExporterMetricsHelper);
}

/** What the official serializers take for a log record. */
export type SerializableLog = Parameters<
  typeof import('@opentelemetry/otlp-transformer').JsonLogsSerializer.serializeRequest
>[0][number];

/** Makes the exporter of log records, likewise. */
export async function createOtlpLogExporter(parts: OtlpParts): Promise<Exporter<SerializableLog[]>> {
  await loadInSteps(otlpSteps);
  const { JsonLogsSerializer, ProtobufLogsSerializer, LogsExporterMetricsHelper } =
    require('@opentelemetry/otlp-transformer') as typeof import('@opentelemetry/otlp-transformer');
  const serializer = isJson(parts) ? JsonLogsSerializer : ProtobufLogsSerializer;
  return createOtlpExporter(parts, serializer, LogsExporterMetricsHelper);
}

const isJson = ({ config }: OtlpParts): boolean => config.protocol === 'http/json';

/** The answer to an export, of any signal. */
interface Answer {
  readonly partialSuccess?: {
    readonly rejectedSpans?: number | string;
    readonly rejectedDataPoints?: number | string;
    readonly rejectedLogRecords?: number | string;
  };
}

/** The official exporter, as the packages of each protocol put it together, on a transport of our own. */
function createOtlpExporter<Items>(
  parts: OtlpParts,
  serializer: ISerializer<Items, Answer>,
  metricsHelper: IExporterMetricsHelper<Items>,
): Exporter<Items> {
  const base =
    require('@opentelemetry/otlp-exporter-base') as typeof import('@opentelemetry/otlp-exporter-base');
  const { config, onRejected } = parts;
  const transport = new OtlpTransport({
    ...parts,
    readAnswer(body, contentType) {
      const { partialSuccess } = readAnswer(serializer, body, contentType);
      const { rejectedSpans, rejectedDataPoints, rejectedLogRecords } = partialSuccess ?? {};
      const rejected = Number(rejectedSpans ?? rejectedDataPoints ?? rejectedLogRecords ?? 0);
      if (rejected > 0) onRejected(rejected);
    },
  });
  const exporter = new base.OTLPExporterBase(
    base.createOtlpNetworkExportDelegate(
      { ...base.getSharedConfigurationDefaults(), timeoutMillis: config.timeoutMs },
      serializer,
      new base.ExporterMetrics({
        componentType: 'otlp_http_exporter',
        metricsHelper,
        url: undefined,
        meterProvider: undefined,
        responseAttributesFromError: () => ({}),
      }),
      transport,
    ),
  );
  return {
    export: (items, done) => exporter.export(items, done),
    shutdown() {
      transport.shutdown();
      return exporter.shutdown();
    },
  };
}

/**
 * Some collectors answer with a text of their own, which is theirs to do; but a page, or bytes that are not what they are said to be,
 * come from something that is no collector and took nothing.
 */
function readAnswer<Items>(
  serializer: ISerializer<Items, Answer>,
  body: Buffer,
  contentType: string,
): Answer {
  if (contentType.startsWith('text/html')) throw new Error('an HTML page');
  if (contentType.startsWith('application/json')) return (JSON.parse(body.toString()) ?? {}) as Answer;
  if (contentType.startsWith('application/x-protobuf')) return serializer.deserializeResponse(body);
  return {};
}
