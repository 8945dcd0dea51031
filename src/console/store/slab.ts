import { brotliCompress, brotliDecompressSync, constants } from 'node:zlib';

const blockBytes = 131_072;
const firstBytes = 16_384;
const options = {
  params: {
    [constants.BROTLI_PARAM_QUALITY]: 1,
    // No more than a block: the default would take megabytes for each.
    [constants.BROTLI_PARAM_LGWIN]: 17,
  },
};

/** The last blocks that were read, so that a trace does not unpack one for each of its spans. */
const recent = new Map<Slab, Map<number, Buffer>>();
const maxRecent = 32;
let recentBlocks = 0;

/** Bytes one after the other, that are compressed once no more are added. */
export class Slab {
  #open: Buffer | undefined;
  #length = 0;
  #packed: Buffer = Buffer.alloc(0);
  #packedEnds: readonly number[] = [];

  constructor(expectedBytes = 0) {
    this.#open = Buffer.allocUnsafeSlow(Math.max(firstBytes, Math.ceil(1.02 * expectedBytes)));
  }

  get length(): number {
    return this.#length;
  }

  /** What it takes of memory. */
  get bytes(): number {
    return (this.#open?.length ?? 0) + this.#packed.length;
  }

  get isPacked(): boolean {
    return this.#open === undefined;
  }

  add(from: Buffer, start: number, end: number): void {
    const bytes = this.#open as Buffer;
    const length = end - start;
    if (this.#length + length > bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * bytes.length, this.#length + length));
      bytes.copy(larger, 0, 0, this.#length);
      this.#open = larger;
      from.copy(larger, this.#length, start, end);
    } else from.copy(bytes, this.#length, start, end);
    this.#length += length;
  }

  /** Valid until more is added. */
  read(start: number, end: number): Buffer {
    if (this.#open !== undefined) return this.#open.subarray(start, end);
    const first = Math.floor(start / blockBytes);
    const last = Math.floor(Math.max(start, end - 1) / blockBytes);
    if (start === end) return Buffer.alloc(0);
    const from = start - first * blockBytes;
    if (first === last) return this.#block(first).subarray(from, from + end - start);
    const blocks: Buffer[] = [];
    for (let index = first; index <= last; index += 1) blocks.push(this.#block(index));
    return Buffer.concat(blocks).subarray(from, from + end - start);
  }

  /** All of it, without keeping what was unpacked: for what goes through everything. */
  readAll(): Buffer {
    if (this.#open !== undefined) return this.#open.subarray(0, this.#length);
    let start = 0;
    const blocks = this.#packedEnds.map((end) => {
      const block = brotliDecompressSync(this.#packed.subarray(start, end));
      start = end;
      return block;
    });
    return Buffer.concat(blocks, this.#length);
  }

  #block(index: number): Buffer {
    let own = recent.get(this);
    const known = own?.get(index);
    if (known !== undefined) return known;
    const start = index === 0 ? 0 : (this.#packedEnds[index - 1] as number);
    const block = brotliDecompressSync(this.#packed.subarray(start, this.#packedEnds[index]));
    if (recentBlocks >= maxRecent) {
      recent.clear();
      recentBlocks = 0;
      own = undefined;
    }
    if (own === undefined) {
      own = new Map();
      recent.set(this, own);
    }
    own.set(index, block);
    recentBlocks += 1;
    return block;
  }

  /** Compresses what is there on the threads of libuv, and lets go of the rest. */
  async pack(): Promise<void> {
    const bytes = this.#open;
    if (bytes === undefined) return;
    const blocks: Promise<Buffer>[] = [];
    for (let start = 0; start < this.#length; start += blockBytes) {
      blocks.push(compress(bytes.subarray(start, Math.min(start + blockBytes, this.#length))));
    }
    const packed = await Promise.all(blocks);
    let end = 0;
    const ends = packed.map((block) => {
      end += block.length;
      return end;
    });
    // A copy of exactly this size: the blocks stand in buffers of the compressor's own.
    const all = Buffer.allocUnsafeSlow(end);
    let at = 0;
    for (const block of packed) at += block.copy(all, at);
    this.#packed = all;
    this.#packedEnds = ends;
    this.#open = undefined;
  }
}

function compress(block: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    brotliCompress(block, options, (error, packed) => (error === null ? resolve(packed) : reject(error)));
  });
}
