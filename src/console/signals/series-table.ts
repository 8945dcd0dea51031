/** What a series is of. */
export type SeriesKind = 'service' | 'route' | 'edge' | 'database';

/** A series of the golden signals. */
export interface SeriesInfo {
  readonly kind: SeriesKind;
  /** Whose; the caller of an edge. */
  readonly service: number;
  /** The route, or what is called. Interned texts: names for routes and operations, routes for targets. */
  readonly name: number;
  readonly target: number;
  /** True for what metrics said, where spans are sampled. */
  readonly isMetric: boolean;
}

const kinds = ['service', 'route', 'edge', 'database'] as const;
const maxPerService = 500;

/** Gives each series a number. Bounded for each service: what is too much shares one series. */
export class SeriesTable {
  readonly #ids = new Map<number, number>();
  readonly #infos: SeriesInfo[] = [];
  readonly #perService = new Map<number, number>();
  /** Of how many there were too many. */
  overflowed = 0;

  info(id: number): SeriesInfo {
    return this.#infos[id] as SeriesInfo;
  }

  idOf(kind: number, service: number, name: number, target: number, isMetric = false): number {
    // Below 2^3, 2^1, 2^9, 2^18 and 2^17: exact as a number.
    const key = (((kind * 2 + (isMetric ? 1 : 0)) * 512 + service) * 262_144 + name) * 131_072 + target;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const owner = (kind * 2 + (isMetric ? 1 : 0)) * 512 + service;
    const count = this.#perService.get(owner) ?? 0;
    if (count >= maxPerService && (name !== 0 || target !== 0)) {
      this.overflowed += 1;
      return this.idOf(kind, service, 0, 0, isMetric);
    }
    this.#perService.set(owner, count + 1);
    const id = this.#infos.length;
    this.#infos.push({ kind: kinds[kind] as SeriesKind, service, name, target, isMetric });
    this.#ids.set(key, id);
    return id;
  }
}

export const SERVICE = 0;
export const ROUTE = 1;
export const EDGE = 2;
export const DATABASE = 3;
