import { SPAN } from '../receive/otlp-schema.js';
import { FAILED, KINDS, kindOf } from '../store/draft.js';
import type { Ref, Store } from '../store/store.js';
import { parentIdOf, restOf } from './item-json.js';
import type { PlacedTrace } from './placed-trace.js';

/**
 * What rows of spans show, column by column, parents before children: a tenth of the text that the same has as a list of objects, and
 * hardly anything for the garbage collector of either side. Times are in milliseconds, to a ten-thousandth.
 */
export interface SpanColumns {
  /** All ids in a row, 16 digits each. */
  readonly ids: string;
  readonly services: readonly string[];
  readonly names: readonly string[];
  readonly kinds: readonly string[];
  readonly routes: readonly string[];
  /** Places in the lists above. */
  readonly service: readonly number[];
  readonly name: readonly number[];
  readonly kind: readonly number[];
  readonly route: readonly number[];
  /** The place of the parent among the spans; -1 for none. */
  readonly parent: readonly number[];
  readonly http: readonly number[];
  readonly offsetMs: readonly number[];
  readonly durationMs: readonly number[];
  readonly selfMs: readonly number[];
  /** How far its own clock is ahead of the one that is shown; not there where none is. */
  readonly aheadMs?: readonly number[];
  /** Places of spans that failed. */
  readonly failed: readonly number[];
  /** Places of spans whose parent is named and not there, and the ids of these parents. */
  readonly orphans: readonly number[];
  readonly orphanParents: readonly string[];
  /** The place of a span, begin and end, one after the other. */
  readonly critical: readonly number[];
  readonly gaps: readonly number[];
}

export function spanColumns(store: Store, placed: PlacedTrace): SpanColumns {
  const { refs, parents, offsetMs, durationMs, aheadMs, tree, resource } = placed;
  const { order, selfMs, isOrphan } = tree;
  const { catalog } = store;
  const count = order.length;
  /** Where a place is in the order. */
  const at = new Int32Array(count);
  for (let index = 0; index < count; index += 1) at[order[index] as number] = index;
  const ids = Buffer.allocUnsafe(8 * count);
  const services = new Words();
  const names = new Words();
  const kinds = new Words();
  const routes = new Words();
  const service: number[] = [];
  const name: number[] = [];
  const kind: number[] = [];
  const route: number[] = [];
  const parent: number[] = [];
  const http: number[] = [];
  const failed: number[] = [];
  const orphans: number[] = [];
  const orphanParents: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const place = order[index] as number;
    const ref = refs[place] as Ref;
    const { row } = ref;
    const { columns } = ref.segment;
    ids.writeUInt32BE(columns.span[2 * row] as number, 8 * index);
    ids.writeUInt32BE(columns.span[2 * row + 1] as number, 8 * index + 4);
    const own = columns.kind[row] as number;
    const named = columns.name[row] as number;
    const { serviceName } = catalog.resource(resource[place] as number);
    service.push(services.place(serviceName));
    name.push(
      named === 0
        ? names.place(String(restOf(ref, SPAN).name ?? ''))
        : names.place(named, () => catalog.names.text(named)),
    );
    kind.push(kinds.place(kindOf(own), () => KINDS[kindOf(own)] ?? 'unspecified'));
    const routed = columns.route[row] as number;
    route.push(routes.place(routed, () => catalog.routes.text(routed)));
    http.push(columns.http[row] as number);
    if ((own & FAILED) !== 0) failed.push(index);
    const above = parents[place] as number;
    if (isOrphan[place] === 1) {
      orphans.push(index);
      orphanParents.push(parentIdOf(ref));
      parent.push(-1);
    } else parent.push(above < 0 ? -1 : (at[above] as number));
  }
  const ordered = (values: Float64Array) => Array.from(order, (place) => rounded(values[place] as number));
  const parts = (flat: readonly number[]) =>
    flat.map((value, index) => (index % 3 === 0 ? (at[value] as number) : rounded(value)));
  return {
    ids: ids.toString('hex'),
    services: services.texts,
    names: names.texts,
    kinds: kinds.texts,
    routes: routes.texts,
    service,
    name,
    kind,
    route,
    parent,
    http,
    offsetMs: ordered(offsetMs),
    durationMs: ordered(durationMs),
    selfMs: ordered(selfMs),
    ...(aheadMs.some((ms) => ms !== 0) ? { aheadMs: ordered(aheadMs) } : {}),
    failed,
    orphans,
    orphanParents,
    critical: parts(tree.critical),
    gaps: parts(tree.gaps),
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 1e4) / 1e4;
}

/** Texts in the order in which they came, each once; known by a number where there is one. */
class Words {
  readonly texts: string[] = [];
  readonly #places = new Map<number | string, number>();

  /** @param text what a number stands for */
  place(key: number | string, text?: () => string): number {
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place = this.texts.length;
    this.texts.push(text === undefined ? String(key) : text());
    this.#places.set(key, place);
    return place;
  }
}
