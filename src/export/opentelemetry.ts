// What is used of the OpenTelemetry SDK, and nothing else of it: the build makes one file of this one, with the packages in it
// (rolldown.opentelemetry.mjs). Only sdk.ts loads it.
export {
  JsonLogsSerializer,
  JsonMetricsSerializer,
  JsonTraceSerializer,
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer';
export { resourceFromAttributes } from '@opentelemetry/resources';
export { ConsoleLogRecordExporter } from '@opentelemetry/sdk-logs';
export { ConsoleMetricExporter, MeterProvider } from '@opentelemetry/sdk-metrics';
export { ConsoleSpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
