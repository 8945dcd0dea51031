/** The place of each span of a trace in a list, by the two words of its id. */
export class SpanPlaces {
  readonly #words: Uint32Array;
  /** Place + 1; 0 is free. */
  readonly #slots: Int32Array;
  #count = 0;

  constructor(most: number) {
    this.#words = new Uint32Array(2 * most);
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * most + 2)));
  }

  get count(): number {
    return this.#count;
  }

  /** Its place, which is the next free one where the id is new. */
  add(high: number, low: number): number {
    const slot = this.#slotOf(high, low);
    const known = (this.#slots[slot] as number) - 1;
    if (known >= 0) return known;
    const place = this.#count;
    this.#words[2 * place] = high;
    this.#words[2 * place + 1] = low;
    this.#slots[slot] = place + 1;
    this.#count += 1;
    return place;
  }

  /** The place of the span with that id; -1 where the trace has no such span. */
  find(high: number, low: number): number {
    return (this.#slots[this.#slotOf(high, low)] as number) - 1;
  }

  #slotOf(high: number, low: number): number {
    const mask = this.#slots.length - 1;
    let slot = Math.imul(high ^ Math.imul(low, 0x9e3779b1), 0x85ebca6b);
    slot = (slot ^ (slot >>> 13)) & mask;
    for (;;) {
      const place = (this.#slots[slot] as number) - 1;
      if (place < 0 || (this.#words[2 * place] === high && this.#words[2 * place + 1] === low)) return slot;
      slot = (slot + 1) & mask;
    }
  }
}
