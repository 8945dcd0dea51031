/** A span in the words of a test; times in milliseconds since the epoch. */
export interface GivenSpan {
  readonly id: string;
  readonly parent?: string;
  readonly trace?: string;
  readonly name?: string;
  readonly kind?: 1 | 2 | 3 | 4 | 5;
  readonly start: number;
  readonly ms: number;
  readonly failed?: boolean;
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
  /** As OTLP JSON has them. */
  readonly events?: readonly unknown[];
}

export const traceId = (name: string): string =>
  Buffer.from(name.padEnd(16, '.')).toString('hex').slice(0, 32);
export const spanId = (name: string): string => Buffer.from(name.padEnd(8, '.')).toString('hex').slice(0, 16);
const nano = (ms: number): string => String(BigInt(Math.round(ms * 1_000)) * 1_000n);

export function attributesOf(given: Readonly<Record<string, string | number | boolean>>): unknown[] {
  return Object.entries(given).map(([key, value]) => ({
    key,
    value:
      typeof value === 'string'
        ? { stringValue: value }
        : typeof value === 'boolean'
          ? { boolValue: value }
          : Number.isInteger(value)
            ? { intValue: String(value) }
            : { doubleValue: value },
  }));
}

const resourceOf = (service: string, instance: string, more: Readonly<Record<string, string>>) => ({
  attributes: attributesOf({ 'service.name': service, 'service.instance.id': instance, ...more }),
});

/** A trace request in OTLP JSON. */
export function spansRequest(
  service: string,
  spans: readonly GivenSpan[],
  { instance = `${service}-1`, ...more }: Readonly<Record<string, string>> = {},
): unknown {
  return {
    resourceSpans: [
      {
        resource: resourceOf(service, instance, more),
        scopeSpans: [
          {
            scope: { name: 'test', version: '1' },
            spans: spans.map(
              ({
                id,
                parent,
                trace = 't',
                name = id,
                kind = 1,
                start,
                ms,
                failed,
                attributes,
                events = [],
              }) => ({
                traceId: traceId(trace),
                spanId: spanId(id),
                ...(parent === undefined ? {} : { parentSpanId: spanId(parent) }),
                name,
                kind,
                startTimeUnixNano: nano(start),
                endTimeUnixNano: nano(start + ms),
                attributes: attributesOf(attributes ?? {}),
                events,
                status: failed === true ? { code: 2 } : {},
              }),
            ),
          },
        ],
      },
    ],
  };
}

export interface GivenLog {
  readonly time: number;
  readonly severity?: number;
  readonly body: string;
  readonly trace?: string;
  readonly span?: string;
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
}

/** A log request in OTLP JSON. */
export function logsRequest(service: string, logs: readonly GivenLog[]): unknown {
  return {
    resourceLogs: [
      {
        resource: resourceOf(service, `${service}-1`, {}),
        scopeLogs: [
          {
            scope: { name: 'test' },
            logRecords: logs.map(({ time, severity = 9, body, trace, span, attributes }) => ({
              timeUnixNano: nano(time),
              severityNumber: severity,
              body: { stringValue: body },
              attributes: attributesOf(attributes ?? {}),
              ...(trace === undefined ? {} : { traceId: traceId(trace) }),
              ...(span === undefined ? {} : { spanId: spanId(span) }),
            })),
          },
        ],
      },
    ],
  };
}
