const initialSlots = 1_024;

/**
 * Gives equal pieces of bytes one number, without making a string of those that it knows. Bounded: what does not fit any more gets 0,
 * which stands for "look at the item itself".
 */
export class Interner {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #maxLength: number;
  readonly #isText: boolean;
  readonly #texts: string[] = [''];
  readonly #ids = new Map<string, number>([['', 0]]);
  #slots = new Uint32Array(initialSlots);
  #hashes = new Uint32Array(initialSlots);
  #pool = Buffer.allocUnsafeSlow(16_384);
  #starts: number[] = [0, 0];
  #used = 0;

  constructor({
    maxEntries = 200_000,
    maxBytes = 16 * 1_048_576,
    maxLength = 1_024,
    isText = true,
  }: {
    readonly maxEntries?: number;
    readonly maxBytes?: number;
    /** Longer ones are not kept. */
    readonly maxLength?: number;
    /** False for bytes that are no text. */
    readonly isText?: boolean;
  } = {}) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
    this.#maxLength = maxLength;
    this.#isText = isText;
  }

  get size(): number {
    return this.#texts.length;
  }

  /** Of what is kept, with some for the strings. */
  get bytes(): number {
    return this.#pool.length + this.#slots.byteLength * 2 + this.#used * 2 + this.#texts.length * 64;
  }

  text(id: number): string {
    return this.#texts[id] ?? '';
  }

  /** The number of a text that is known. */
  find(text: string): number | undefined {
    return this.#ids.get(text);
  }

  ofText(text: string): number {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    const bytes = Buffer.from(text, 'utf8');
    return this.ofBytes(bytes, 0, bytes.length);
  }

  ofBytes(bytes: Buffer, start: number, end: number): number {
    const length = end - start;
    if (length === 0 || length > this.#maxLength) return 0;
    let hash = 0x811c9dc5;
    for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
    hash = (hash ^ (hash >>> 15)) >>> 0;
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const id = this.#slots[slot] as number;
      if (id === 0) break;
      if (this.#hashes[slot] === hash && this.#isSame(id, bytes, start, length)) return id;
      slot = (slot + 1) & mask;
    }
    return this.#add(bytes, start, end, hash, slot);
  }

  #isSame(id: number, bytes: Buffer, start: number, length: number): boolean {
    const from = this.#starts[id] as number;
    if ((this.#starts[id + 1] as number) - from !== length) return false;
    const pool = this.#pool;
    for (let index = 0; index < length; index += 1) {
      if (pool[from + index] !== bytes[start + index]) return false;
    }
    return true;
  }

  #add(bytes: Buffer, start: number, end: number, hash: number, slot: number): number {
    const length = end - start;
    if (this.#texts.length >= this.#maxEntries || this.#used + length > this.#maxBytes) return 0;
    if (this.#used + length > this.#pool.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#pool.length, this.#used + length));
      this.#pool.copy(larger, 0, 0, this.#used);
      this.#pool = larger;
    }
    bytes.copy(this.#pool, this.#used, start, end);
    this.#used += length;
    const id = this.#texts.length;
    const text = this.#isText ? bytes.toString('utf8', start, end) : '';
    this.#texts.push(text);
    if (!this.#ids.has(text)) this.#ids.set(text, id);
    this.#starts.push(this.#used);
    this.#slots[slot] = id;
    this.#hashes[slot] = hash;
    if (2 * id > this.#slots.length) this.#grow();
    return id;
  }

  #grow(): void {
    const before = this.#slots;
    const hashesBefore = this.#hashes;
    const size = 2 * before.length;
    this.#slots = new Uint32Array(size);
    this.#hashes = new Uint32Array(size);
    for (let index = 0; index < before.length; index += 1) {
      const id = before[index] as number;
      if (id === 0) continue;
      const hash = hashesBefore[index] as number;
      let slot = hash & (size - 1);
      while (this.#slots[slot] !== 0) slot = (slot + 1) & (size - 1);
      this.#slots[slot] = id;
      this.#hashes[slot] = hash;
    }
  }
}
