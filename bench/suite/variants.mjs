import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const otlp = (sink) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: sink,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
  OTEL_TRACES_EXPORTER: 'otlp',
  OTEL_METRICS_EXPORTER: 'otlp',
  OTEL_LOGS_EXPORTER: 'none',
  OTEL_SEMCONV_STABILITY_OPT_IN: 'http,database',
  OTEL_METRIC_EXPORT_INTERVAL: '1000',
  OTEL_METRIC_EXPORT_TIMEOUT: '1000',
  OTEL_BSP_SCHEDULE_DELAY: '1000',
  // So long that no variant gets cheaper by dropping.
  OTEL_BSP_MAX_QUEUE_SIZE: '65536',
});

const peer = (name, { node = 20, env = otlp, apps, spans = 1, preload = '--require' } = {}) => ({
  name,
  preload,
  folder: here(`./peers/${name}`),
  start: here(`./peers/${name}/start.cjs`),
  node,
  env,
  apps,
  spans,
});

const ours = (name, options, { spans = 1, extra = {} } = {}) => ({
  name,
  preload: '--require',
  start: here('./ours.cjs'),
  node: 20,
  spans,
  env: (sink) => ({ ...otlp(sink), BENCH_OPTIONS: JSON.stringify(options), ...extra }),
});

/**
 * What is compared. `spans`: the share of requests whose trace has to arrive, undefined where a variant sends none.
 * `node`: the first major version that it supports. `apps`: the only ones that it has something for.
 */
export const variants = [
  { name: 'bare', preload: '--require', start: here('./bare.cjs'), node: 20, env: () => ({}) },
  peer('official-0.223'),
  peer('official-0.301', { node: 22 }),
  peer('dd-trace', {
    node: 22,
    env: (sink) => ({
      DD_TRACE_AGENT_URL: sink,
      DD_SERVICE: 'bench',
      DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
      DD_REMOTE_CONFIGURATION_ENABLED: 'false',
      DD_TRACE_STARTUP_LOGS: 'false',
      DD_RUNTIME_METRICS_ENABLED: 'false',
    }),
  }),
  peer('sentry', {
    preload: '--import',
    env: (sink) => ({ BENCH_SENTRY_DSN: `${sink.replace('://', '://key@')}/1`, SENTRY_RELEASE: 'bench' }),
  }),
  peer('elastic', {
    env: (sink) => ({
      ELASTIC_APM_SERVER_URL: sink,
      ELASTIC_APM_SERVICE_NAME: 'bench',
      ELASTIC_APM_CENTRAL_CONFIG: 'false',
      ELASTIC_APM_CLOUD_PROVIDER: 'none',
      ELASTIC_APM_LOG_LEVEL: 'off',
    }),
  }),
  peer('express-prom-bundle', { apps: ['express', 'service'], env: () => ({}), spans: undefined }),
  ours('ours', {}),
  ours('ours-10', { traces: { sampleRatio: 0.1 } }, { spans: 0.1 }),
  ours('ours-1', { traces: { sampleRatio: 0.01 } }, { spans: 0.01 }),
  ours('ours-1-plain', { traces: { sampleRatio: 0.01, keep: false } }, { spans: 0.01 }),
  ours('ours-0', { traces: { sampleRatio: 0 } }, { spans: undefined }),
  ours('ours-metrics', { traces: false }, { spans: undefined }),
  ours(
    'ours-everything',
    { metrics: { prometheus: {} }, logs: { export: true } },
    { extra: { OTEL_LOGS_EXPORTER: 'otlp' } },
  ),
];

/** The library as it was, with its defaults. */
export const baseOf = (entry) => ours('base', {}, { extra: { BENCH_OURS: entry } });

/** Those of `names` that run on this version of Node, for `app`; says which of them do not, and why. */
export function variantsFor(names, app, say) {
  const major = Number(process.versions.node.split('.')[0]);
  return names.flatMap((name) => {
    const variant = variants.find((one) => one.name === name);
    if (variant === undefined)
      throw new Error(`there is no variant ${name}; there are ${variants.map((one) => one.name).join(', ')}`);
    const reason =
      variant.node > major
        ? `it needs Node ${variant.node}`
        : variant.apps !== undefined && !variant.apps.includes(app)
          ? `it has nothing for ${app}`
          : variant.folder !== undefined && !existsSync(`${variant.folder}/node_modules`)
            ? `npm ci --prefix bench/suite/peers/${name} has not been run`
            : undefined;
    if (reason !== undefined) say(`${name} is left out for ${app}: ${reason}`);
    return reason === undefined ? [variant] : [];
  });
}
