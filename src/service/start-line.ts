import type { Config } from './options.js';

/** Where the signals of a service go, as far as its options do not say so. */
export interface Destinations {
  /** True where an SDK that the application has registered takes the signal. */
  readonly isForeign: (signal: Signal) => boolean;
  /** The collector of the signal, without a path. */
  readonly collectorOf: (signal: Signal) => string;
}

type Signal = 'traces' | 'metrics' | 'logs';

/** What a service says once when it starts: who it is and what is on, as in `orders 1.4.0: traces and metrics to http://localhost:4318, ...`. */
export function startLine(config: Config, destinations: Destinations): string {
  const { service, health, metrics, management, breakerOf } = config;
  const parts = [
    ...telemetryParts(config, destinations),
    ...(metrics?.prometheus?.isOnServers === true && !destinations.isForeign('metrics')
      ? [`metrics for Prometheus at ${metrics.prometheus.path}`]
      : []),
    health === undefined ? 'no probes' : `probes at ${health.path}`,
    ...(management === undefined
      ? []
      : [`management at ${management.host}:${management.port || 'a free port'}`]),
    `circuit breakers ${breakerOf === undefined ? 'off' : 'on'}`,
  ];
  return `${service.name}${service.version === undefined ? '' : ` ${service.version}`}: ${parts.join(', ')}`;
}

function telemetryParts(config: Config, destinations: Destinations): readonly string[] {
  const { traces, metrics, logs } = config;
  if (traces === undefined && metrics === undefined && exported(logs?.exporters ?? []).length === 0)
    return ['no telemetry'];
  const signals = new Map<string, string[]>();
  const add = (name: string, signal: Signal, exporters: readonly string[], hasOwn: boolean) => {
    const to = destinationOf(signal, exporters, hasOwn, destinations);
    signals.set(to, [...(signals.get(to) ?? []), name]);
  };
  if (traces !== undefined)
    add(nameOfTraces(traces), 'traces', traces.exporters, traces.processors.length > 0);
  if (metrics !== undefined) {
    const { exporters, readers, prometheus } = metrics;
    // Those that are only scraped are named with their path.
    if (
      exported(exporters).length > 0 ||
      readers.length > 0 ||
      prometheus?.isOnServers !== true ||
      destinations.isForeign('metrics')
    )
      add('metrics', 'metrics', exporters, readers.length > 0);
  }
  if (logs !== undefined && exported(logs.exporters).length > 0) add('logs', 'logs', logs.exporters, false);
  return [
    ...[...signals].map(([to, names]) => `${listed(names)} ${to}`),
    ...(traces === undefined ? ['no traces'] : []),
    ...(metrics === undefined ? ['no metrics'] : []),
  ];
}

function nameOfTraces({ sampler, sampleRatio }: NonNullable<Config['traces']>): string {
  if (sampler.endsWith('always_off')) return 'no traces of its own';
  const isPart = sampler.endsWith('traceidratio') && sampleRatio < 1;
  return isPart ? `${Number((sampleRatio * 100).toPrecision(3))} % of traces` : 'traces';
}

function destinationOf(
  signal: Signal,
  exporters: readonly string[],
  hasOwn: boolean,
  { isForeign, collectorOf }: Destinations,
): string {
  if (isForeign(signal)) return "through the application's OpenTelemetry SDK";
  const places = exported(exporters).map((name) =>
    name === 'otlp' ? collectorOf(signal) : name === 'console' ? 'standard output' : name,
  );
  const all = hasOwn ? [...places, 'what the options name'] : places;
  return all.length === 0 ? 'exported nowhere' : `to ${listed(all)}`;
}

function exported(exporters: readonly string[]): readonly string[] {
  return exporters.filter((name) => name !== 'none');
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
