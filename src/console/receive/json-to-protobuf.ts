import { Malformed } from './malformed.js';
import type { Field, Message, Scalar } from './otlp-schema.js';
import { BYTES, FIXED32, FIXED64, VARINT } from './protobuf-reader.js';
import { maxDepth } from './protobuf-to-json.js';

/** So many values and containers a body may have: an empty list takes two bytes there, and thirty here. */
const maxValues = 4_000_000;

/** Writes a body of OTLP/JSON as protobuf, so that all that follows knows one form. @throws Malformed */
export function jsonToProtobuf(body: Buffer, schema: Message): Buffer {
  checkShape(body);
  let json: unknown;
  try {
    json = JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new Malformed(`the body is no JSON: ${(error as Error).message}`);
  }
  const out = new Output(Math.ceil(body.length / 2) + 64);
  writeMessage(out, objectOf(json, 'the body'), schema, 0);
  return out.finish();
}

/** The parser has no bound of its own for how deep and how much. */
function checkShape(body: Buffer): void {
  let depth = 0;
  let values = 0;
  let isText = false;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at];
    if (isText) {
      if (byte === 0x5c) at += 1;
      else if (byte === 0x22) isText = false;
    } else if (byte === 0x22) isText = true;
    else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      values += 1;
      if (depth > 4 * maxDepth) throw new Malformed(`the JSON is nested deeper than ${4 * maxDepth} levels`);
    } else if (byte === 0x5d || byte === 0x7d) depth -= 1;
    else if (byte === 0x2c) values += 1;
    if (values > maxValues)
      throw new Malformed(`the JSON has more than ${maxValues} values; send smaller batches`);
  }
}

/** Bytes that grow. */
class Output {
  #bytes: Buffer;
  at = 0;

  constructor(bytes: number) {
    this.#bytes = Buffer.allocUnsafe(bytes);
  }

  finish(): Buffer {
    return this.#bytes.subarray(0, this.at);
  }

  reserve(bytes: number): Buffer {
    if (this.at + bytes > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.at + bytes));
      this.#bytes.copy(larger, 0, 0, this.at);
      this.#bytes = larger;
    }
    return this.#bytes;
  }

  varint(value: number): void {
    const bytes = this.reserve(10);
    let rest = value;
    while (rest >= 0x80) {
      bytes[this.at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    bytes[this.at++] = rest;
  }

  varint64(value: bigint): void {
    const bytes = this.reserve(10);
    let rest = BigInt.asUintN(64, value);
    while (rest >= 0x80n) {
      bytes[this.at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    bytes[this.at++] = Number(rest);
  }

  raw(value: Buffer): void {
    value.copy(this.reserve(value.length), this.at);
    this.at += value.length;
  }

  /** Writes what `write` writes, with its length before it. */
  sized(write: () => void): void {
    const head = 5;
    this.reserve(head);
    const start = this.at + head;
    this.at = start;
    write();
    const length = this.at - start;
    // A length may be written longer than it has to be: nothing is moved.
    const bytes = this.#bytes;
    let rest = length;
    for (let index = 0; index < head - 1; index += 1) {
      bytes[start - head + index] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[start - 1] = rest;
  }
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Malformed(`${what} is no object`);
  return value as Readonly<Record<string, unknown>>;
}

function writeMessage(
  out: Output,
  json: Readonly<Record<string, unknown>>,
  schema: Message,
  depth: number,
): void {
  if (depth > maxDepth) throw new Malformed(`values are nested deeper than ${maxDepth} levels`);
  for (const name in json) {
    const value = json[name];
    if (value === undefined || value === null) continue;
    const field = schema.byName.get(name);
    if (field === undefined) continue;
    if (!field.isRepeated) writeField(out, field, value, depth);
    else if (!Array.isArray(value)) throw new Malformed(`${name} is no list`);
    else for (const one of value) writeField(out, field, one, depth);
  }
}

function writeField(out: Output, field: Field, value: unknown, depth: number): void {
  const { kind, name, number } = field;
  if (typeof kind === 'object') {
    out.varint(number * 8 + BYTES);
    out.sized(() => writeMessage(out, objectOf(value, name), kind, depth + 1));
  } else writeScalar(out, number, kind, value, name);
}

function writeScalar(out: Output, number: number, kind: Scalar, value: unknown, name: string): void {
  const tag = number * 8;
  switch (kind) {
    case 'string':
    case 'id':
    case 'bytes': {
      if (typeof value !== 'string') throw new Malformed(`${name} is no text`);
      const bytes =
        kind === 'id' ? idOf(value, name) : Buffer.from(value, kind === 'bytes' ? 'base64' : 'utf8');
      out.varint(tag + BYTES);
      out.varint(bytes.length);
      out.raw(bytes);
      return;
    }
    case 'bool':
      out.varint(tag + VARINT);
      out.varint(value === true ? 1 : 0);
      return;
    case 'uint32':
      out.varint(tag + VARINT);
      out.varint(Math.max(0, Math.floor(numberOf(value, name))));
      return;
    case 'sint32': {
      const whole = Math.floor(numberOf(value, name));
      out.varint(tag + VARINT);
      out.varint(whole >= 0 ? 2 * whole : -2 * whole - 1);
      return;
    }
    case 'int64':
    case 'uint64':
      out.varint(tag + VARINT);
      out.varint64(longOf(value, name));
      return;
    case 'fixed32': {
      out.varint(tag + FIXED32);
      const bytes = out.reserve(4);
      out.at = bytes.writeUInt32LE(numberOf(value, name) >>> 0, out.at);
      return;
    }
    case 'fixed64':
    case 'sfixed64': {
      out.varint(tag + FIXED64);
      const bytes = out.reserve(8);
      out.at = bytes.writeBigUInt64LE(BigInt.asUintN(64, longOf(value, name)), out.at);
      return;
    }
    case 'double': {
      out.varint(tag + FIXED64);
      const bytes = out.reserve(8);
      out.at = bytes.writeDoubleLE(numberOf(value, name), out.at);
      return;
    }
  }
}

/** OTLP has hex for ids, where the JSON of protobuf has base64. */
function idOf(value: string, name: string): Buffer {
  if (!/^([0-9a-f]{2})*$/i.test(value)) throw new Malformed(`${name} is no hex: ${value.slice(0, 40)}`);
  return Buffer.from(value, 'hex');
}

function numberOf(value: unknown, name: string): number {
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number !== 'number' || (Number.isNaN(number) && value !== 'NaN'))
    throw new Malformed(`${name} is no number`);
  return number;
}

function longOf(value: unknown, name: string): bigint {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  throw new Malformed(`${name} is no whole number`);
}
