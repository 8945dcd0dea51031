import { RESOURCE, SCOPE } from '../receive/otlp-schema.js';
import { protobufToJson } from '../receive/protobuf-to-json.js';
import { type TraceWords, traceWords } from '../receive/words.js';
import type { ItemKind, Ref, Store } from '../store/store.js';
import { logJson, spanJson } from './item-json.js';
import type { Query } from './query.js';
import { TimeSlice } from './time-slice.js';
import { searchTraces } from './trace-search.js';

const names = {
  spans: { resources: 'resourceSpans', scopes: 'scopeSpans', items: 'spans' },
  logs: { resources: 'resourceLogs', scopes: 'scopeLogs', items: 'logRecords' },
} as const;

/** Items as one export request in OTLP/JSON, by resource and scope. */
function otlpRequest(store: Store, kind: ItemKind, refs: readonly Ref[]): Record<string, unknown> {
  const { resources, scopes, items } = names[kind];
  const byResource = new Map<number, Map<number, unknown[]>>();
  const startOf = ({ segment, row }: Ref) => segment.columns.start[row] as number;
  for (const ref of [...refs].sort((a, b) => startOf(a) - startOf(b))) {
    const { columns } = ref.segment;
    const resource = columns.resource[ref.row] as number;
    const scope = columns.scope[ref.row] as number;
    let byScope = byResource.get(resource);
    if (byScope === undefined) {
      byScope = new Map();
      byResource.set(resource, byScope);
    }
    let list = byScope.get(scope);
    if (list === undefined) {
      list = [];
      byScope.set(scope, list);
    }
    list.push(kind === 'spans' ? spanJson(store, ref) : logJson(store, ref));
  }
  const { catalog } = store;
  return {
    [resources]: [...byResource].map(([resource, byScope]) => ({
      resource: protobufToJson(catalog.resource(resource).bytes, RESOURCE),
      [scopes]: [...byScope].map(([scope, list]) => ({
        scope: protobufToJson(catalog.scope(scope).bytes, SCOPE),
        [items]: list,
      })),
    })),
  };
}

/** A trace with its logs: a list of requests, as a collector could be sent. */
export function exportTrace(store: Store, words: TraceWords): Record<string, unknown>[] {
  const spans = store.ofTrace('spans', words);
  const logs = store.ofTrace('logs', words);
  return [
    ...(spans.length === 0 ? [] : [otlpRequest(store, 'spans', spans)]),
    ...(logs.length === 0 ? [] : [otlpRequest(store, 'logs', logs)]),
  ];
}

const tracesInRequest = 50;

/** All that is held, or the traces that a question finds: one request in each line. */
export async function* exportAll(store: Store, query: Query, limit: number): AsyncGenerator<unknown> {
  const slice = new TimeSlice();
  let spans: Ref[] = [];
  let logs: Ref[] = [];
  let count = 0;
  for await (const { traceId } of searchTraces(store, query, limit)) {
    const words = traceWords(traceId) as TraceWords;
    spans.push(...store.ofTrace('spans', words));
    logs.push(...store.ofTrace('logs', words));
    count += 1;
    if (count % tracesInRequest !== 0) continue;
    yield* written();
    await slice.rest();
  }
  yield* written();
  // Lines of no trace belong to no search for one.
  if (query.text('service') === undefined) yield* traceless();

  function* written(): Generator<unknown> {
    if (spans.length > 0) yield otlpRequest(store, 'spans', spans);
    if (logs.length > 0) yield otlpRequest(store, 'logs', logs);
    spans = [];
    logs = [];
  }

  function* traceless(): Generator<unknown> {
    for (const segment of store.segments('logs')) {
      const { trace } = segment.columns;
      const refs: Ref[] = [];
      for (let row = 0; row < segment.rows; row += 1) {
        const at = 4 * row;
        const isOfTrace =
          ((trace[at] as number) |
            (trace[at + 1] as number) |
            (trace[at + 2] as number) |
            (trace[at + 3] as number)) !==
          0;
        if (!isOfTrace) refs.push({ segment, row });
      }
      for (let from = 0; from < refs.length; from += 500)
        yield otlpRequest(store, 'logs', refs.slice(from, from + 500));
    }
  }
}
