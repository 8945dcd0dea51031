/** Items that are exported together. */
export interface Batch<Item, Items> {
  /** How many it was given. */
  readonly size: number;
  /** How many of those cannot be exported at all, and are left out; known once it was taken. */
  readonly failed: number;
  add(item: Item): void;
  /** Ends it: what exporters take of its items. May throw. */
  take(): Items;
}

// More are not set apart for a batch that may stay small.
const maxSetApart = 512;

/** A batch that keeps its items as they are. */
export class ListBatch<Item> implements Batch<Item, Item[]> {
  /** As long as the batch becomes from the start, for an array that grows is copied time and again. */
  readonly #items: Item[];
  readonly failed = 0;
  size = 0;

  constructor(maxSize: number) {
    this.#items = new Array<Item>(Math.min(maxSize, maxSetApart));
  }

  add(item: Item): void {
    this.#items[this.size] = item;
    this.size += 1;
  }

  take(): Item[] {
    this.#items.length = this.size;
    return this.#items;
  }
}
