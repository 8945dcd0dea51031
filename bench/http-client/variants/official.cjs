// The official set-up as its documentation shows it, without the convenience package sdk-node.
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { UndiciInstrumentation } = require('@opentelemetry/instrumentation-undici');
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');
const { BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { MeterProvider, PeriodicExportingMetricReader } = require('@opentelemetry/sdk-metrics');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto');
const { OTLPMetricExporter } = require('@opentelemetry/exporter-metrics-otlp-proto');
const { resourceFromAttributes, defaultResource } = require('@opentelemetry/resources');

const resource = defaultResource().merge(resourceFromAttributes({ 'service.name': 'bench' }));
const tracerProvider = new NodeTracerProvider({
  resource,
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
tracerProvider.register();
// Only sdk-node reads this variable, so it is read here for it.
const exportIntervalMillis = Number(process.env.OTEL_METRIC_EXPORT_INTERVAL ?? 60_000);
const meterProvider = new MeterProvider({
  resource,
  readers: [
    new PeriodicExportingMetricReader({
      exporter: new OTLPMetricExporter(),
      exportIntervalMillis,
      exportTimeoutMillis: Math.min(30_000, exportIntervalMillis),
    }),
  ],
});
registerInstrumentations({
  tracerProvider,
  meterProvider,
  instrumentations: [new HttpInstrumentation(), new UndiciInstrumentation()],
});

exports.attach = () => {};
exports.flush = async () => {
  await tracerProvider.forceFlush();
  await meterProvider.forceFlush();
};
