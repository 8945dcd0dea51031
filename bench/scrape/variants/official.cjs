// The official exporter, which is a reader and a server of its own.
const { PrometheusExporter } = require('@opentelemetry/exporter-prometheus');
const { MeterProvider } = require('@opentelemetry/sdk-metrics');
const { attributesOf, BOUNDS, durationOf, ROUTES } = require('../workload.cjs');

exports.start = async () => {
  const exporter = new PrometheusExporter({ port: 0, host: '127.0.0.1', preventServerStart: true });
  const provider = new MeterProvider({ readers: [exporter] });
  const histogram = provider.getMeter('bench').createHistogram('http.server.request.duration', {
    unit: 's',
    description: 'Duration of HTTP server requests.',
    advice: { explicitBucketBoundaries: BOUNDS },
  });
  for (let index = 0; index < ROUTES; index++) histogram.record(durationOf(index), attributesOf(index));
  await exporter.startServer();
  return exporter._server.address().port;
};
