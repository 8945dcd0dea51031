// A text of fewer characters, whose length takes one byte, is written one by one if they are all ASCII: to call out of JavaScript costs
// more than that, most of all for code that has to come from memory anew.
const shortChars = 128;
const maxBytesPerChar = 3;
// A tag and a length, a tag and a number, a tag and a double: none takes more.
const maxFieldHead = 16;

/** How a field is written, in the low bits of its tag. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/**
 * Writes a protobuf message in one pass, into one buffer that grows. Of what is written, only a message longer than expected is
 * moved: its length stands before it and is known afterwards.
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export class ProtobufWriter {
  #bytes: Buffer;
  readonly #start: number;
  #at: number;

  /** `headBytes` are kept free for {@link finishBehind}. */
  constructor(expectedBytes: number, headBytes = 0) {
    this.#bytes = Buffer.allocUnsafeSlow(headBytes + expectedBytes);
    this.#start = headBytes;
    this.#at = headBytes;
  }

  /** How many bytes have been written. */
  get length(): number {
    return this.#at - this.#start;
  }

  /** What has been written; valid until more is written. */
  finish(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#at);
  }

  /** The same, with fields before it that were written elsewhere; nothing is moved where they take no more than was kept free. */
  finishBehind(head: Uint8Array): Uint8Array {
    const start = this.#start - head.length;
    if (start < 0) return Buffer.concat([head, this.finish()]);
    this.#bytes.set(head, start);
    return this.#bytes.subarray(start, this.#at);
  }

  /** Takes back what was written since it was `length` bytes long. */
  rewind(length: number): void {
    this.#at = this.#start + length;
  }

  /** Fields that have been written elsewhere. */
  fields(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Begins a message of a length that is known. */
  message(field: number, length: number): void {
    this.#reserve(maxFieldHead);
    this.#tag(field, LENGTH_DELIMITED);
    this.#varint(length);
  }

  /** Begins a message whose length is expected to take `lengthBytes`; {@link close} wants what this returns. */
  open(field: number, lengthBytes = 1): number {
    this.#reserve(maxFieldHead);
    this.#tag(field, LENGTH_DELIMITED);
    this.#at += lengthBytes;
    return this.#at;
  }

  close(start: number, lengthBytes = 1): void {
    const length = this.#at - start;
    const needed = varintBytes(length);
    if (needed !== lengthBytes) {
      this.#reserve(needed);
      this.#bytes.copyWithin(start - lengthBytes + needed, start, this.#at);
      this.#at += needed - lengthBytes;
    }
    const end = this.#at;
    this.#at = start - lengthBytes;
    this.#varint(length);
    this.#at = end;
  }

  /** A number that is written as it is: an enum, a count, a flag. */
  uint32(field: number, value: number): void {
    this.#reserve(maxFieldHead);
    this.#tag(field, VARINT);
    this.#varint(value);
  }

  /** An integer of up to 64 bits, as its two's complement. */
  int64(field: number, value: number): void {
    this.#reserve(maxFieldHead);
    this.#tag(field, VARINT);
    this.#varint64(value);
  }

  fixed32(field: number, value: number): void {
    this.#reserve(maxFieldHead);
    this.#tag(field, FIXED32);
    this.#fixed32(value);
  }

  /** [seconds, nanoseconds] as nanoseconds: exact until the year 2116. */
  nanos(field: number, seconds: number, nanoseconds: number): void {
    this.#reserve(maxFieldHead);
    this.#tag(field, FIXED64);
    // 10^9 is 5^9 times 2^9, and a number holds 5^9 seconds exactly where it does not hold 10^9.
    const scaled = seconds * 1_953_125;
    // A remainder of numbers that are no small integers is slower than all the rest of this.
    const high = Math.floor(scaled / 0x80_0000);
    const low = (scaled - high * 0x80_0000) * 0x200 + nanoseconds;
    const carry = Math.floor(low / 0x1_0000_0000);
    this.#fixed32(low - carry * 0x1_0000_0000);
    this.#fixed32(high + carry);
  }

  /** Milliseconds with fractions, as nanoseconds. */
  epochMs(field: number, ms: number): void {
    const seconds = Math.floor(ms / 1_000);
    this.nanos(field, seconds, Math.round((ms - seconds * 1_000) * 1e6));
  }

  /** A count of up to 64 bits. */
  fixed64(field: number, value: number): void {
    this.#reserve(maxFieldHead);
    this.#tag(field, FIXED64);
    this.#count64(value);
  }

  /** Counts of up to 64 bits, packed. */
  fixed64s(field: number, values: readonly number[]): void {
    this.#packed(field, values.length);
    for (const value of values) this.#count64(value);
  }

  /** An integer of up to 64 bits, as its two's complement; the fraction of a number that has one is cut off. */
  sfixed64(field: number, value: number): void {
    this.#reserve(maxFieldHead);
    this.#tag(field, FIXED64);
    const whole = Math.trunc(value);
    this.#fixed32(whole % 0x1_0000_0000);
    this.#fixed32(Math.floor(whole / 0x1_0000_0000));
  }

  /** A small integer, of which those near 0 are short. */
  sint32(field: number, value: number): void {
    this.#reserve(maxFieldHead);
    this.#tag(field, VARINT);
    this.#varint(((value << 1) ^ (value >> 31)) >>> 0);
  }

  /** Counts, packed, each as short as it can be. */
  varints(field: number, values: readonly number[]): void {
    const start = this.open(field);
    for (const value of values) {
      this.#reserve(maxFieldHead);
      this.#varint64(value);
    }
    this.close(start);
  }

  doubles(field: number, values: readonly number[]): void {
    this.#packed(field, values.length);
    for (const value of values) this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  double(field: number, value: number): void {
    this.#reserve(maxFieldHead);
    this.#tag(field, FIXED64);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  /** An id, from its hexadecimal digits. */
  hex(field: number, digits: string): void {
    const count = digits.length >>> 1;
    this.#reserve(maxFieldHead + count);
    this.#tag(field, LENGTH_DELIMITED);
    this.#varint(count);
    const bytes = this.#bytes;
    let at = this.#at;
    for (let index = 0; index < count * 2; index += 2) {
      bytes[at] = (digitOf(digits.charCodeAt(index)) << 4) | digitOf(digits.charCodeAt(index + 1));
      at += 1;
    }
    this.#at = at;
  }

  bytes(field: number, value: Uint8Array): void {
    this.#reserve(maxFieldHead + value.length);
    this.#tag(field, LENGTH_DELIMITED);
    this.#varint(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  text(field: number, value: string): void {
    const { length } = value;
    this.#reserve(maxFieldHead + length * maxBytesPerChar);
    this.#tag(field, LENGTH_DELIMITED);
    if (length < shortChars) {
      const end = this.#ascii(value, this.#at + 1);
      if (end >= 0) {
        this.#bytes[this.#at] = length;
        this.#at = end;
        return;
      }
    }
    const lengthBytes = varintBytes(length);
    const start = this.#at + lengthBytes;
    this.#at = start + this.#bytes.write(value, start, 'utf8');
    this.close(start, lengthBytes);
  }

  /** A text in two parts, as {@link text} writes the two together. */
  joined(field: number, head: string, tail: string): void {
    const length = head.length + tail.length;
    if (length < shortChars) {
      this.#reserve(maxFieldHead + length);
      const start = this.#at;
      this.#tag(field, LENGTH_DELIMITED);
      const middle = this.#ascii(head, this.#at + 1);
      const end = middle < 0 ? middle : this.#ascii(tail, middle);
      if (end >= 0) {
        this.#bytes[this.#at] = length;
        this.#at = end;
        return;
      }
      this.#at = start;
    }
    this.text(field, head + tail);
  }

  /** Writes the characters from `at` on and returns where they end; below 0 for a text that is not ASCII only. */
  #ascii(value: string, at: number): number {
    const bytes = this.#bytes;
    const { length } = value;
    for (let index = 0; index < length; index += 1) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) return -1;
      bytes[at + index] = code;
    }
    return at + length;
  }

  #varint64(value: number): void {
    if (value >= 0 && value <= 0xffff_ffff) {
      this.#varint(value);
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 0x7fn; rest >>= 7n) this.#byte(Number(rest & 0x7fn) | 0x80);
    this.#byte(Number(rest));
  }

  #count64(value: number): void {
    const high = Math.floor(value / 0x1_0000_0000);
    this.#fixed32(value - high * 0x1_0000_0000);
    this.#fixed32(high);
  }

  /** The head of a field of that many values of 8 bytes each. */
  #packed(field: number, count: number): void {
    this.#reserve(maxFieldHead + count * 8);
    this.#tag(field, LENGTH_DELIMITED);
    this.#varint(count * 8);
  }

  #tag(field: number, type: number): void {
    this.#varint((field << 3) | type);
  }

  #varint(value: number): void {
    const bytes = this.#bytes;
    let rest = value;
    while (rest > 0x7f) {
      bytes[this.#at] = (rest & 0x7f) | 0x80;
      this.#at += 1;
      rest >>>= 7;
    }
    bytes[this.#at] = rest;
    this.#at += 1;
  }

  #fixed32(value: number): void {
    const bytes = this.#bytes;
    const at = this.#at;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
    this.#at = at + 4;
  }

  #byte(value: number): void {
    this.#bytes[this.#at] = value;
    this.#at += 1;
  }

  #reserve(count: number): void {
    if (this.#at + count > this.#bytes.length) this.#grow(count);
  }

  #grow(count: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + count));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}

function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

/** Of '0' to '9' and of the letters in either case. */
function digitOf(code: number): number {
  return (code & 0xf) + (code >>> 6) * 9;
}
