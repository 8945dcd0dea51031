import { createNoopMeter, metrics } from '@opentelemetry/api';
import { backgroundTimers } from '../../core/timers.js';
import { createMetricExporter } from '../../export/metric-exporter.js';
import { MetricPipeline } from '../../export/metric-pipeline.js';
import { CLIENT_DURATION, createClientRed } from '../../metrics/client-red.js';
import {
  createForeignClientRed,
  createForeignServerRed,
  foreignDurations,
  showInstruments,
} from '../../metrics/foreign-metrics.js';
import { Histogram } from '../../metrics/histogram.js';
import type { Instrument } from '../../metrics/instrument.js';
import type { MetricConfig } from '../../metrics/options.js';
import { SeriesSet } from '../../metrics/series.js';
import { createServerRed } from '../../metrics/server-red.js';
import { createProcessMetrics } from '../../process/process-metrics.js';
import { PACKAGE, VERSION } from '../../version.js';
import type { Config } from '../options.js';
import { destinationOf, type Exports } from './exports.js';
import { type DurationMetric, type MetricTelemetry, noExports } from './signal-telemetry.js';

/** Chooses once who keeps the metrics of a service. */
export function createMetrics(exports: Exports, isForeign: boolean): MetricTelemetry {
  const { metrics } = exports.config;
  if (metrics === undefined) return noMetrics(isForeign);
  return isForeign ? createForeignMetrics(metrics, exports) : createOwnMetrics(metrics, exports);
}

function createOwnMetrics(config: MetricConfig, exports: Exports): MetricTelemetry {
  const { clock, faults, dropped, backlog, resource } = exports;
  const { boundaries, seriesLimit } = config;
  const otlp = exports.otlpOf('metrics');
  const process = createProcessMetrics({ clock, faults, foreignMeter: undefined });
  const onOverflow = () => dropped.add('series_limit');
  const server = createServerRed(boundaries, seriesLimit, onOverflow);
  const instruments: Instrument[] = [dropped.instrument, ...process.instruments, ...server.instruments];
  const pipeline = new MetricPipeline({
    config,
    isScraped: isScraped(exports.config),
    createExporter: (name) => createMetricExporter(name, otlp),
    instruments() {
      backlog.clear();
      return instruments;
    },
    scope: { name: PACKAGE, version: VERSION },
    resource,
    clock,
    dropped,
    outageOf: (name) => exports.outageOf('metrics', name === 'otlp' ? destinationOf(otlp) : name),
    paceOf: (name) => (name === 'otlp' ? otlp.pace : undefined),
    onFault: faults.caught,
    timers: backgroundTimers,
  });
  const durations = (metric: DurationMetric, bounds: readonly number[]) => {
    const series = new SeriesSet(() => new Histogram(bounds), seriesLimit, onOverflow);
    instruments.push({ kind: 'histogram', ...metric, series });
    return series;
  };
  return {
    isForeign: false,
    isOwn: true,
    isImmediate: false,
    server: server.red,
    client: createClientRed(durations(CLIENT_DURATION, boundaries)),
    meter: () => pipeline.getMeter(PACKAGE, VERSION),
    provider: pipeline,
    collect: () => pipeline.collect(),
    show: (more) => void instruments.push(...more),
    durations,
    flush: () => pipeline.flush(),
    async shutdown(boundMs) {
      await pipeline.shutdown(boundMs);
      process.close();
    },
  };
}

/** Metrics through the SDK that the application has registered. */
function createForeignMetrics(config: MetricConfig, exports: Exports): MetricTelemetry {
  const { clock, faults, dropped } = exports;
  const { boundaries, seriesLimit } = config;
  const meter = metrics.getMeter(PACKAGE, VERSION);
  const process = createProcessMetrics({ clock, faults, foreignMeter: meter });
  const onOverflow = () => dropped.add('series_limit');
  showInstruments(meter, [...process.instruments, dropped.instrument]);
  return {
    ...noExports,
    isForeign: true,
    isOwn: false,
    isImmediate: true,
    server: createForeignServerRed(meter, boundaries, seriesLimit, onOverflow),
    client: createForeignClientRed(meter, boundaries, seriesLimit, onOverflow),
    meter: () => metrics.getMeter(PACKAGE, VERSION),
    provider: undefined,
    collect: undefined,
    show: (more) => showInstruments(meter, more),
    durations: (metric, bounds) => foreignDurations(meter, metric, bounds, seriesLimit, onOverflow),
    shutdown: async () => process.close(),
  };
}

function noMetrics(isForeign: boolean): MetricTelemetry {
  return {
    ...noExports,
    isForeign,
    isOwn: false,
    isImmediate: false,
    server: undefined,
    client: undefined,
    meter: createNoopMeter,
    provider: undefined,
    collect: undefined,
    show() {},
    durations: () => undefined,
  };
}

/** Whether there is a place where Prometheus could scrape. */
function isScraped({ metrics, management }: Config): boolean {
  return metrics?.prometheus !== undefined && (metrics.prometheus.isOnServers || management !== undefined);
}
