/** Four 32-bit words of a trace id, big-endian, as its hex reads. */
export type TraceWords = readonly [number, number, number, number];

export function traceWords(hex: string): TraceWords | undefined {
  if (!/^[0-9a-f]{32}$/i.test(hex)) return undefined;
  const word = (index: number) => Number.parseInt(hex.slice(8 * index, 8 * index + 8), 16);
  return [word(0), word(1), word(2), word(3)];
}

export function hexOf(words: ArrayLike<number>, from: number, count: number): string {
  let hex = '';
  for (let index = 0; index < count; index += 1)
    hex += (words[from + index] as number).toString(16).padStart(8, '0');
  return hex;
}

export function wordAt(bytes: Buffer, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

/** 64 bits of nanoseconds since the epoch against a base, without the loss of a single number. */
export class NanoBase {
  readonly #high: number;
  readonly #low: number;
  readonly base: bigint;

  constructor(startMs: number) {
    this.base = BigInt(startMs) * 1_000_000n;
    this.#high = Number(this.base >> 32n);
    this.#low = Number(this.base & 0xffffffffn);
  }

  /** Little-endian bytes as nanoseconds since the base. */
  read(bytes: Buffer, at: number): number {
    const low =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    const high =
      (bytes[at + 4] as number) |
      ((bytes[at + 5] as number) << 8) |
      ((bytes[at + 6] as number) << 16) |
      ((bytes[at + 7] as number) << 24);
    return ((high >>> 0) - this.#high) * 4_294_967_296 + ((low >>> 0) - this.#low);
  }

  /** The nanoseconds since the epoch, as OTLP/JSON writes them. */
  text(relative: number): string {
    return String(this.base + BigInt(Math.round(relative)));
  }
}
