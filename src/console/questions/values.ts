import { Refusal } from '../http/refusal.js';
import { LOG_RECORD, SPAN } from '../receive/otlp-schema.js';
import { plainAttributes } from '../store/attributes.js';
import { kindOf, SERVER } from '../store/draft.js';
import type { ItemKind, Ref, Store } from '../store/store.js';
import { restOf } from './item-json.js';
import type { Query } from './query.js';
import { TimeSlice } from './time-slice.js';
import { LEVELS } from './views.js';

/** So many of the newest rows of each service are looked at, and so many of them opened. */
const mostRows = 20_000;
const mostOpened = 1_000;
const rowsPerSlice = 64;
const mostValues = 10_000;

type Reader = (store: Store, ref: Ref) => Iterable<string>;

const ofSpans: Readonly<Record<string, Reader>> = {
  *name(store, { segment, row }) {
    yield store.catalog.names.text(segment.columns.name[row] as number);
  },
  *route(store, { segment, row }) {
    const { route, kind } = segment.columns;
    if (kindOf(kind[row] as number) === SERVER) yield store.catalog.routes.text(route[row] as number);
  },
  *target(store, { segment, row }) {
    const { route, kind } = segment.columns;
    if (kindOf(kind[row] as number) > SERVER) yield store.catalog.routes.text(route[row] as number);
  },
  *status(_store, { segment, row }) {
    const status = segment.columns.http[row] as number;
    if (status !== 0) yield String(status);
  },
};

const ofLogs: Readonly<Record<string, Reader>> = {
  *template(store, { segment, row }) {
    yield store.catalog.names.text(segment.columns.name[row] as number);
  },
  *level(_store, { segment, row }) {
    const level = LEVELS[Math.floor(((segment.columns.kind[row] as number) - 1) / 4)];
    if (level !== undefined) yield level;
  },
};

/**
 * What a filter may be completed with: the values of `of`, of the newest spans or log lines (`in=logs`), most often first, those that begin
 * with `prefix`, else have it in them. @throws Refusal
 */
export async function valuesView(store: Store, query: Query) {
  const of = query.text('of') ?? '';
  const isLogs = query.text('in') === 'logs';
  const prefix = query.text('prefix')?.toLowerCase() ?? '';
  const counts = new Map<string, number>();
  const add = (value: string) => {
    if (value === '' || !value.toLowerCase().includes(prefix)) return;
    if (counts.size < mostValues || counts.has(value)) counts.set(value, (counts.get(value) ?? 0) + 1);
  };
  if (of === 'service')
    for (const segment of store.segments(isLogs ? 'logs' : 'spans')) {
      const { serviceName } = store.catalog.resource(segment.columns.resource[0] as number);
      if (serviceName.toLowerCase().includes(prefix))
        counts.set(serviceName, (counts.get(serviceName) ?? 0) + segment.rows);
    }
  else {
    const { read, most } = readerOf(of, query.text('key'), isLogs);
    const serviceName = query.text('service');
    const service = serviceName === undefined ? undefined : store.catalog.findService(serviceName);
    if (serviceName === undefined || service !== undefined)
      for await (const ref of newest(store, isLogs ? 'logs' : 'spans', service, most))
        for (const value of read(store, ref)) add(value);
  }
  const isFirst = (value: string) => (value.toLowerCase().startsWith(prefix) ? 1 : 0);
  return {
    of,
    values: [...counts]
      .sort(([a, often], [b, seldom]) => isFirst(b) - isFirst(a) || seldom - often || (a < b ? -1 : 1))
      .slice(0, query.limit(50, 1_000))
      .map(([value, count]) => ({ value, count })),
  };
}

function readerOf(of: string, key: string | undefined, isLogs: boolean): { read: Reader; most: number } {
  const schema = isLogs ? LOG_RECORD : SPAN;
  if (of === 'key')
    return {
      most: mostOpened,
      *read(store, ref) {
        yield* Object.keys(plainAttributes(restOf(ref, schema)));
        yield* Object.keys(
          store.catalog.resource(ref.segment.columns.resource[ref.row] as number).attributes,
        );
      },
    };
  if (of === 'attr') {
    if (key === undefined) throw new Refusal(400, 'key says of which attribute');
    return {
      most: mostOpened,
      *read(store, ref) {
        const { attributes } = store.catalog.resource(ref.segment.columns.resource[ref.row] as number);
        const value = plainAttributes(restOf(ref, schema))[key] ?? attributes[key];
        if (value !== undefined) yield typeof value === 'object' ? JSON.stringify(value) : String(value);
      },
    };
  }
  const readers = isLogs ? ofLogs : ofSpans;
  const read = Object.hasOwn(readers, of) ? readers[of] : undefined;
  if (read === undefined)
    throw new Refusal(400, `of takes one of service, ${Object.keys(readers).join(', ')}, key, attr`);
  return { read, most: mostRows };
}

/** The newest rows of each service, so that a loud one hides no other. */
async function* newest(
  store: Store,
  kind: ItemKind,
  service: number | undefined,
  most: number,
): AsyncGenerator<Ref> {
  const slice = new TimeSlice();
  const services = service === undefined ? store.catalog.services.keys() : [service];
  for (const one of services) {
    let looked = 0;
    for (const segment of [...store.segments(kind, one)].sort((a, b) => b.maxStart - a.maxStart)) {
      for (let row = segment.rows - 1; row >= 0 && looked < most; row -= 1) {
        if (row % rowsPerSlice === 0) await slice.rest();
        looked += 1;
        yield { segment, row };
      }
      if (looked >= most) break;
    }
  }
}
