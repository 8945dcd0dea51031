import { Malformed } from '../receive/malformed.js';
import { LOG_RECORD, SPAN } from '../receive/otlp-schema.js';
import { type Json, protobufToJson } from '../receive/protobuf-to-json.js';
import { hexOf, NanoBase } from '../receive/words.js';
import { FAILED, kindOf, OK } from '../store/draft.js';
import type { Ref, Store } from '../store/store.js';

export function traceIdOf({ segment, row }: Ref): string {
  return hexOf(segment.columns.trace, 4 * row, 4);
}

export function spanIdOf({ segment, row }: Ref): string {
  return idOf(segment.columns.span, row);
}

export function parentIdOf({ segment, row }: Ref): string {
  return idOf(segment.columns.parent, row);
}

/** '' for all zero, as OTLP has it. */
function idOf(words: Uint32Array, row: number): string {
  return ((words[2 * row] as number) | (words[2 * row + 1] as number)) === 0 ? '' : hexOf(words, 2 * row, 2);
}

/** What is not in the columns. A part that cannot be read is left out rather than the whole. */
export function restOf({ segment, row }: Ref, schema: typeof SPAN): Json {
  try {
    return protobufToJson(segment.rest(row), schema);
  } catch (error) {
    if (error instanceof Malformed) return {};
    throw error;
  }
}

/** A span as OTLP/JSON has it, complete. */
export function spanJson(store: Store, ref: Ref): Json {
  const { columns } = ref.segment;
  const { row } = ref;
  const base = new NanoBase(store.startMs);
  const start = columns.start[row] as number;
  const rest = restOf(ref, SPAN);
  const name = columns.name[row] as number;
  const kind = columns.kind[row] as number;
  const code = (kind & FAILED) !== 0 ? 2 : (kind & OK) !== 0 ? 1 : 0;
  const parent = parentIdOf(ref);
  return {
    traceId: traceIdOf(ref),
    spanId: spanIdOf(ref),
    ...(parent === '' ? {} : { parentSpanId: parent }),
    name: name === 0 ? (rest.name ?? '') : store.catalog.names.text(name),
    kind: kindOf(kind),
    startTimeUnixNano: base.text(start),
    endTimeUnixNano: base.text(start + (columns.duration[row] as number)),
    ...without(rest, 'name', 'status'),
    status: { ...(rest.status as Json | undefined), ...(code === 0 ? {} : { code }) },
  };
}

/** A log record as OTLP/JSON has it, complete. */
export function logJson(store: Store, ref: Ref): Json {
  const { columns } = ref.segment;
  const { row } = ref;
  const traceId = traceIdOf(ref);
  const spanId = spanIdOf(ref);
  return {
    timeUnixNano: new NanoBase(store.startMs).text(columns.start[row] as number),
    severityNumber: columns.kind[row] as number,
    ...restOf(ref, LOG_RECORD),
    ...(/^0*$/.test(traceId) ? {} : { traceId }),
    ...(spanId === '' ? {} : { spanId }),
  };
}

function without(json: Json, ...names: readonly string[]): Json {
  const rest = { ...json };
  for (const name of names) delete rest[name];
  return rest;
}
