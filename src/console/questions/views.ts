import { LOG_RECORD, SPAN } from '../receive/otlp-schema.js';
import type { Json } from '../receive/protobuf-to-json.js';
import { plainAttributes, plainValue } from '../store/attributes.js';
import { FAILED, KINDS, kindOf } from '../store/draft.js';
import type { Ref, Store } from '../store/store.js';
import { parentIdOf, restOf, spanIdOf, traceIdOf } from './item-json.js';

/** A span as the page shows it in a row. */
export interface SpanRow {
  readonly traceId: string;
  readonly spanId: string;
  /** '' for a root. */
  readonly parentId: string;
  readonly service: string;
  readonly name: string;
  readonly kind: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly isFailed: boolean;
  /** The status of HTTP, 0 for none. */
  readonly http: number;
  /** The route of a server's span, what is called of a client's. */
  readonly route: string;
}

export function spanRow(store: Store, ref: Ref): SpanRow {
  const { segment, row } = ref;
  const { columns } = segment;
  const { catalog } = store;
  const name = columns.name[row] as number;
  const kind = columns.kind[row] as number;
  return {
    traceId: traceIdOf(ref),
    spanId: spanIdOf(ref),
    parentId: parentIdOf(ref),
    service: catalog.resource(columns.resource[row] as number).serviceName,
    name: name === 0 ? String(restOf(ref, SPAN).name ?? '') : catalog.names.text(name),
    kind: KINDS[kindOf(kind)] ?? 'unspecified',
    startMs: store.startMs + (columns.start[row] as number) / 1e6,
    durationMs: (columns.duration[row] as number) / 1e6,
    isFailed: (kind & FAILED) !== 0,
    http: columns.http[row] as number,
    route: catalog.routes.text(columns.route[row] as number),
  };
}

/** What a span carries besides its row. */
export interface SpanDetail {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly statusMessage: string;
  readonly events: readonly { name: string; timeMs: number; attributes: Readonly<Record<string, unknown>> }[];
  readonly links: readonly {
    traceId: string;
    spanId: string;
    attributes: Readonly<Record<string, unknown>>;
  }[];
  readonly resource: Readonly<Record<string, unknown>>;
  readonly scope: { readonly name: string; readonly version: string };
}

export function spanDetail(store: Store, ref: Ref): SpanDetail {
  const rest = restOf(ref, SPAN);
  const { columns } = ref.segment;
  const { name, version } = store.catalog.scope(columns.scope[ref.row] as number);
  return {
    attributes: plainAttributes(rest),
    statusMessage: String((rest.status as Json | undefined)?.message ?? ''),
    events: ((rest.events ?? []) as readonly Json[]).map((event) => ({
      name: String(event.name ?? ''),
      timeMs: Number(event.timeUnixNano ?? 0) / 1e6,
      attributes: plainAttributes(event),
    })),
    links: ((rest.links ?? []) as readonly Json[]).map((link) => ({
      traceId: String(link.traceId ?? ''),
      spanId: String(link.spanId ?? ''),
      attributes: plainAttributes(link),
    })),
    resource: store.catalog.resource(columns.resource[ref.row] as number).attributes,
    scope: { name, version },
  };
}

/** A log line as the page shows it. */
export interface LogRow {
  readonly timeMs: number;
  readonly service: string;
  /** As OTLP counts them: 9 is INFO, 13 WARN, 17 ERROR. */
  readonly severity: number;
  readonly level: string;
  /** Of a record without one: its exception, else what event it is, else ''. */
  readonly body: string;
  readonly template: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** '' for none. */
  readonly traceId: string;
  readonly spanId: string;
}

export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

export function logRow(store: Store, ref: Ref): LogRow {
  const { segment, row } = ref;
  const { columns } = segment;
  const rest = restOf(ref, LOG_RECORD);
  const severity = columns.kind[row] as number;
  const traceId = traceIdOf(ref);
  const attributes = plainAttributes(rest);
  return {
    timeMs: store.startMs + (columns.start[row] as number) / 1e6,
    service: store.catalog.resource(columns.resource[row] as number).serviceName,
    severity,
    level: LEVELS[Math.floor((severity - 1) / 4)] ?? String(rest.severityText ?? '').toLowerCase(),
    body: textOf(rest, attributes),
    template: store.catalog.names.text(columns.name[row] as number),
    attributes,
    traceId: /^0*$/.test(traceId) ? '' : traceId,
    spanId: spanIdOf(ref),
  };
}

function textOf(rest: Json, attributes: Readonly<Record<string, unknown>>): string {
  const body = plainValue(rest.body as Json | undefined);
  if (typeof body === 'string') return body;
  if (body !== null) return JSON.stringify(body);
  const { 'exception.type': type, 'exception.message': message } = attributes;
  const exception = [type, message].filter((part) => typeof part === 'string' && part !== '').join(': ');
  return exception === '' ? String(rest.eventName ?? '') : exception;
}
