import type { Resource } from '@opentelemetry/resources';
import type { LogEntry } from '../context/log-entry.js';
import { type AttributeLimits, limitedAttributes } from '../core/attribute-limits.js';
import { toHrTime } from '../core/time.js';
import {
  createOtlpLogExporter,
  type Exporter,
  type OtlpParts,
  type SerializableLog,
} from './otlp-exporter.js';
import { sdk } from './sdk.js';

/** Makes the exporters that OTEL_LOGS_EXPORTER names. The SDK is loaded here, at the first export. */
export async function createLogExporters(
  names: readonly string[],
  otlp: OtlpParts,
  resource: () => Resource,
  limits: AttributeLimits,
): Promise<Exporter<LogEntry[]>[]> {
  const exporters: Exporter<SerializableLog[]>[] = [];
  if (names.includes('otlp')) exporters.push(createOtlpLogExporter(otlp));
  if (names.includes('console')) {
    const { ConsoleLogRecordExporter } = sdk();
    exporters.push(new ConsoleLogRecordExporter());
  }
  return exporters.map((exporter) => readingEntries(exporter, resource, limits));
}

function readingEntries(
  exporter: Exporter<SerializableLog[]>,
  resource: () => Resource,
  limits: AttributeLimits,
): Exporter<LogEntry[]> {
  return {
    export(entries, done) {
      const service = resource();
      exporter.export(
        entries.map((entry) => serializable(entry, service, limits)),
        done,
      );
    },
    shutdown: () => exporter.shutdown(),
  };
}

// The range of a 64-bit count of nanoseconds: a logger's clock may give any number.
function isTimestamp(ms: number | undefined): ms is number {
  return ms !== undefined && ms >= 0 && ms <= 1.8e13;
}

function serializable(entry: LogEntry, resource: Resource, limits: AttributeLimits): SerializableLog {
  const { scope, observedMs, severityNumber, severityText, eventName, spanContext } = entry;
  const { timeMs, body, attributes: bounded } = entry.content();
  const { attributes, dropped } = limitedAttributes(bounded.attributes, limits);
  return {
    hrTime: toHrTime(isTimestamp(timeMs) ? timeMs : observedMs),
    hrTimeObserved: toHrTime(isTimestamp(observedMs) ? observedMs : Date.now()),
    resource,
    instrumentationScope: scope,
    attributes,
    droppedAttributesCount: bounded.dropped + dropped,
    ...(severityNumber === undefined ? {} : { severityNumber }),
    ...(severityText === undefined ? {} : { severityText }),
    ...(eventName === undefined ? {} : { eventName }),
    ...(spanContext === undefined ? {} : { spanContext }),
    ...(body === undefined ? {} : { body }),
  } as SerializableLog;
}
