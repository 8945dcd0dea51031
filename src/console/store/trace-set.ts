const words = 4;

/** The traces that matter most, by id; the oldest is forgotten for a new one when it is full. */
export class TraceSet {
  readonly #capacity: number;
  /** Ids in the order in which they came, in a ring. */
  readonly #ids: Uint32Array;
  /** Place in the ring + 1; 0 is free. Rebuilt when it is full of what was forgotten. */
  #slots: Int32Array;
  #added = 0;
  #used = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#ids = new Uint32Array(words * capacity);
    this.#slots = new Int32Array(4 * capacity);
  }

  get size(): number {
    return Math.min(this.#added, this.#capacity);
  }

  add(a: number, b: number, c: number, d: number): void {
    if (this.has(a, b, c, d)) return;
    if (2 * this.#used >= this.#slots.length) this.#rebuild();
    const place = this.#added % this.#capacity;
    this.#ids.set([a, b, c, d], words * place);
    this.#added += 1;
    this.#put(place);
  }

  has(a: number, b: number, c: number, d: number): boolean {
    const ids = this.#ids;
    const mask = this.#slots.length - 1;
    let slot = hashOf(c, d) & mask;
    for (;;) {
      const place = (this.#slots[slot] as number) - 1;
      if (place < 0) return false;
      const at = words * place;
      if (ids[at + 3] === d && ids[at + 2] === c && ids[at + 1] === b && ids[at] === a) return true;
      slot = (slot + 1) & mask;
    }
  }

  #put(place: number): void {
    const at = words * place;
    const mask = this.#slots.length - 1;
    let slot = hashOf(this.#ids[at + 2] as number, this.#ids[at + 3] as number) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = place + 1;
    this.#used += 1;
  }

  #rebuild(): void {
    this.#slots = new Int32Array(this.#slots.length);
    this.#used = 0;
    for (let place = 0; place < this.size; place += 1) this.#put(place);
  }
}

function hashOf(high: number, low: number): number {
  let hash = Math.imul(high ^ Math.imul(low, 0x9e3779b1), 0x85ebca6b);
  hash ^= hash >>> 13;
  return hash >>> 0;
}
