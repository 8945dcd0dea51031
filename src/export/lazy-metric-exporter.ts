import type { ExportResult } from '@opentelemetry/core';
import type {
  AggregationTemporality,
  InstrumentType,
  PushMetricExporter,
  ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { runSuppressed } from '../context/suppressed.js';
import { reasonOf } from './failure.js';
import { createMetricExporter } from './metric-exporter.js';
import type { Outage } from './outage.js';

/** OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE. */
export type TemporalityPreference = 'cumulative' | 'delta' | 'lowmemory';

const DELTA: AggregationTemporality = 0;
const CUMULATIVE: AggregationTemporality = 1;

/** An exporter whose package is loaded at its first export. */
export function createLazyMetricExporter(
  name: string,
  protocol: string,
  preference: TemporalityPreference,
  outage: Outage,
): PushMetricExporter {
  let made: Promise<PushMetricExporter> | undefined;
  return {
    export(metrics: ResourceMetrics, done: (result: ExportResult) => void) {
      const finish = (result: ExportResult) => {
        if (result.code === 0) outage.succeeded();
        else outage.failed(reasonOf(result.error));
        done(result);
      };
      made ??= createMetricExporter(name, protocol);
      made.then(
        (exporter) => runSuppressed(() => exporter.export(metrics, finish)),
        (error) => finish({ code: 1, error }),
      );
    },
    async forceFlush() {
      await (await made)?.forceFlush();
    },
    async shutdown() {
      await (await made)?.shutdown();
    },
    selectAggregationTemporality: (type) => temporalityOf(type, preference),
  };
}

/** As the OTLP exporter specification has it for each preference. */
function temporalityOf(type: InstrumentType, preference: TemporalityPreference): AggregationTemporality {
  if (preference === 'cumulative') return CUMULATIVE;
  if (type === 'COUNTER' || type === 'HISTOGRAM') return DELTA;
  return preference === 'delta' && type === 'OBSERVABLE_COUNTER' ? DELTA : CUMULATIVE;
}
