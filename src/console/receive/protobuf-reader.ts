import { Malformed } from './malformed.js';

/** How a field is written, in the low bits of its tag. */
export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

const maxVarintBytes = 10;

/**
 * Reads a protobuf message where it lies. Every read takes the end of the message that it is in, and reads nothing behind it.
 * @throws Malformed with the place of the byte that is wrong.
 */
export class ProtobufReader {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** A number of up to 64 bits; exact up to 2^53. A tag, a length, an enum. */
  varint(end: number): number {
    const { bytes } = this;
    let at = this.at;
    if (at >= end) this.#short();
    let byte = bytes[at++] as number;
    if (byte < 0x80) {
      this.at = at;
      return byte;
    }
    let value = byte & 0x7f;
    let scale = 0x80;
    for (let index = 1; index < maxVarintBytes; index += 1) {
      if (at >= end) this.#short();
      byte = bytes[at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.at = at;
        return value;
      }
      scale *= 0x80;
    }
    throw new Malformed(`the number at byte ${this.at} is longer than ${maxVarintBytes} bytes`);
  }

  /** A 64-bit integer as it stands, for what has to be exact. */
  varint64(end: number): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.at >= end) this.#short();
      const byte = this.bytes[this.at++] as number;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new Malformed(`the number at byte ${this.at} is longer than ${maxVarintBytes} bytes`);
  }

  /** Reads the length of what follows, and returns where that ends. */
  end(end: number): number {
    const length = this.varint(end);
    const own = this.at + length;
    if (own > end)
      throw new Malformed(
        `a field at byte ${this.at} is said to have ${length} bytes, of which ${end - this.at} are there`,
      );
    return own;
  }

  fixed32(end: number): number {
    const { at } = this;
    if (at + 4 > end) this.#short();
    this.at = at + 4;
    return this.bytes.readUInt32LE(at);
  }

  double(end: number): number {
    const { at } = this;
    if (at + 8 > end) this.#short();
    this.at = at + 8;
    return this.bytes.readDoubleLE(at);
  }

  fixed64(end: number): bigint {
    const { at } = this;
    if (at + 8 > end) this.#short();
    this.at = at + 8;
    return this.bytes.readBigUInt64LE(at);
  }

  /** Passes over the value of a field. */
  skip(tag: number, end: number): void {
    switch (tag & 7) {
      case VARINT:
        this.varint(end);
        return;
      case FIXED64:
        this.#pass(8, end);
        return;
      case BYTES:
        this.at = this.end(end);
        return;
      case FIXED32:
        this.#pass(4, end);
        return;
      default:
        throw new Malformed(`the tag before byte ${this.at} is of no wire type that protobuf has`);
    }
  }

  #pass(length: number, end: number): void {
    if (this.at + length > end) this.#short();
    this.at += length;
  }

  #short(): never {
    throw new Malformed(`the body ends within a field, at byte ${this.at}: it was cut off`);
  }
}
