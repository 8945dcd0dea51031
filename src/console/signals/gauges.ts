const fineMs = 10_000;
const fineSlots = 360;
const coarseMs = 60_000;
const coarseSlots = 1_440;
const maxGauges = 3_000;

/** Values over time in a ring: the last one of each slot. NaN where nothing came. */
class Ring {
  readonly #slotMs: number;
  readonly #values: Float32Array;
  /** The number of the newest slot. */
  #newest = Number.NEGATIVE_INFINITY;

  constructor(slotMs: number, slots: number) {
    this.#slotMs = slotMs;
    this.#values = new Float32Array(slots).fill(Number.NaN);
  }

  set(timeMs: number, value: number): void {
    const slot = Math.floor(timeMs / this.#slotMs);
    const { length } = this.#values;
    if (slot <= this.#newest - length) return;
    if (slot > this.#newest) {
      const from = Math.max(this.#newest + 1, slot - length + 1);
      for (let one = from; one <= slot; one += 1) this.#values[one % length] = Number.NaN;
      this.#newest = slot;
    }
    this.#values[slot % length] = value;
  }

  at(timeMs: number): number {
    const slot = Math.floor(timeMs / this.#slotMs);
    const { length } = this.#values;
    return slot > this.#newest || slot <= this.#newest - length
      ? Number.NaN
      : (this.#values[slot % length] as number);
  }
}

/** A value that a process reports of itself, over an hour in steps of ten seconds and over a day in minutes. */
export class Gauge {
  readonly resource: number;
  readonly metric: string;
  /** Which one, where there are several: the name of a pool, with its state. */
  readonly detail: string;
  readonly unit: string;
  readonly #fine = new Ring(fineMs, fineSlots);
  readonly #coarse = new Ring(coarseMs, coarseSlots);
  last = Number.NaN;
  lastMs = 0;
  /** The last value that was not 0, and when: of what should be 0. */
  lastRaised = { value: 0, timeMs: 0 };

  constructor(resource: number, metric: string, detail: string, unit: string) {
    this.resource = resource;
    this.metric = metric;
    this.detail = detail;
    this.unit = unit;
  }

  set(timeMs: number, value: number): void {
    this.#fine.set(timeMs, value);
    this.#coarse.set(timeMs, value);
    if (value > 0) this.lastRaised = { value, timeMs };
    if (timeMs >= this.lastMs) {
      this.last = value;
      this.lastMs = timeMs;
    }
  }

  /** null where nothing came. */
  steps(fromMs: number, toMs: number, stepMs: number): (number | null)[] {
    const isFine = this.lastMs - fromMs <= fineMs * fineSlots && stepMs < coarseMs;
    const ring = isFine ? this.#fine : this.#coarse;
    const slotMs = isFine ? fineMs : coarseMs;
    const values: (number | null)[] = [];
    for (let at = fromMs; at < toMs; at += stepMs) {
      let value: number | null = null;
      for (let inner = at; inner < at + stepMs; inner += slotMs) {
        const one = ring.at(inner);
        if (!Number.isNaN(one)) value = value === null ? one : Math.max(value, one);
      }
      values.push(value);
    }
    return values;
  }
}

/** All gauges, bounded in number: what comes after that is counted. */
export class Gauges {
  readonly #gauges = new Map<string, Gauge>();
  overflowed = 0;

  of(resource: number, metric: string, detail: string, unit: string): Gauge | undefined {
    const key = JSON.stringify([resource, metric, detail]);
    const known = this.#gauges.get(key);
    if (known !== undefined) return known;
    if (this.#gauges.size >= maxGauges && !this.#dropOldest()) {
      this.overflowed += 1;
      return undefined;
    }
    const gauge = new Gauge(resource, metric, detail, unit);
    this.#gauges.set(key, gauge);
    return gauge;
  }

  all(): Iterable<Gauge> {
    return this.#gauges.values();
  }

  /** One that has been silent longer than it is remembered. */
  #dropOldest(): boolean {
    let newest = 0;
    for (const { lastMs } of this.#gauges.values()) newest = Math.max(newest, lastMs);
    for (const [key, { lastMs }] of this.#gauges) {
      if (newest - lastMs > fineMs * fineSlots) return this.#gauges.delete(key);
    }
    return false;
  }
}
