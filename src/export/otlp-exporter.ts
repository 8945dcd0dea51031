import { diag } from '@opentelemetry/api';
import type { ExportResult } from '@opentelemetry/core';
import type { ISerializer } from '@opentelemetry/otlp-transformer';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { Clock } from '../core/clock.js';
import type { Random } from '../core/random.js';
import type { Timers } from '../core/timers.js';
import type { ExportPace } from './export-pace.js';
import { ExportError } from './failure.js';
import type { OtlpConfig } from './otlp-config.js';
import { withExemplars } from './otlp-exemplars.js';
import { createMetricWriter } from './otlp-metrics.js';
import type { SpanRequest } from './otlp-spans.js';
import { OtlpTransport } from './otlp-transport.js';
import { sdk } from './sdk.js';
import type { Urgency } from './urgency.js';

/** What a queue or reader of ours needs of an exporter. */
export interface Exporter<Items> {
  export(items: Items, done: (result: ExportResult) => void): void;
  /** Gives up what is under way. */
  shutdown(): Promise<void>;
}

export interface OtlpParts {
  readonly config: OtlpConfig;
  /** True where OpenTelemetry's own diagnostics are asked for. */
  readonly isDiagnosed: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly urgency: Urgency;
  readonly pace?: ExportPace;
  /** Called as soon as a connection fails: the export itself is retried up to its time-out. */
  readonly onUnreachable?: (error: Error) => void;
  /** Called with the number of items that the collector rejected in a successful export. */
  readonly onRejected: (count: number) => void;
}

/** Makes the exporter of spans that have been written already. */
export function createSpanRequestExporter(parts: OtlpParts): Exporter<SpanRequest> {
  return createOtlpExporter(parts, {
    serializeRequest: ({ bytes }) => bytes,
    deserializeResponse: (body) => sdk().ProtobufTraceSerializer.deserializeResponse(body),
  });
}

/** Makes the exporter of spans as they are, for JSON or beside another exporter. The SDK is loaded here, at the first export. */
export function createOtlpSpanExporter(parts: OtlpParts): Exporter<ReadableSpan[]> {
  const { JsonTraceSerializer, ProtobufTraceSerializer } = sdk();
  return createOtlpExporter(parts, isJson(parts) ? JsonTraceSerializer : ProtobufTraceSerializer);
}

/** Makes the exporter of metrics. For JSON the SDK is loaded here, likewise. */
export function createOtlpMetricExporter(parts: OtlpParts): Exporter<ResourceMetrics> {
  if (isJson(parts)) {
    return createOtlpExporter(parts, withExemplars(sdk().JsonMetricsSerializer));
  }
  return createOtlpExporter(parts, {
    serializeRequest: createMetricWriter(),
    deserializeResponse: (body) => sdk().ProtobufMetricsSerializer.deserializeResponse(body),
  });
}

/** What the official serializers take for a log record. */
export type SerializableLog = Parameters<
  typeof import('@opentelemetry/otlp-transformer').JsonLogsSerializer.serializeRequest
>[0][number];

/** Makes the exporter of log records. The SDK is loaded here, at the first export. */
export function createOtlpLogExporter(parts: OtlpParts): Exporter<SerializableLog[]> {
  const { JsonLogsSerializer, ProtobufLogsSerializer } = sdk();
  return createOtlpExporter(parts, isJson(parts) ? JsonLogsSerializer : ProtobufLogsSerializer);
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

function createOtlpExporter<Items>(
  parts: OtlpParts,
  serializer: ISerializer<Items, Answer>,
): Exporter<Items> {
  const { config, isDiagnosed, onRejected } = parts;
  const transport = new OtlpTransport({
    ...parts,
    readAnswer(body, contentType) {
      const { partialSuccess } = readAnswer(serializer, body, contentType);
      const { rejectedSpans, rejectedDataPoints, rejectedLogRecords } = partialSuccess ?? {};
      const rejected = Number(rejectedSpans ?? rejectedDataPoints ?? rejectedLogRecords ?? 0);
      if (rejected > 0) onRejected(rejected);
    },
  });
  let underWay: Promise<void> = Promise.resolve();
  return {
    export(items, done) {
      const request = serializer.serializeRequest(items);
      if (request === undefined) throw new ExportError('nothing that could be sent');
      // Asked first: in a test runner the API's globals may have gone with the file that this service was made in.
      if (isDiagnosed) diag.debug(`${request.length} bytes for ${config.url.origin}`);
      underWay = transport.send(request, config.timeoutMs).then(
        (response) => {
          if (response.status === 'success') done({ code: SUCCESS });
          else done({ code: FAILED, error: response.error });
        },
        (error: Error) => done({ code: FAILED, error }),
      );
    },
    shutdown() {
      transport.shutdown();
      return underWay;
    },
  };
}

// ExportResultCode of @opentelemetry/core, whose enums are objects to load.
const SUCCESS = 0;
const FAILED = 1;

/** The usual response of the OpenTelemetry Collector: a partial success with nothing rejected. */
const nothingRejected = Buffer.from([0x0a, 0x00]);

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
  // Only another response is worth loading the SDK for.
  if (contentType.startsWith('application/x-protobuf') && !body.equals(nothingRejected))
    return serializer.deserializeResponse(body);
  return {};
}
