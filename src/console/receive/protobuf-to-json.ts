import { Malformed } from './malformed.js';
import type { Field, Message, Scalar } from './otlp-schema.js';
import { BYTES, ProtobufReader } from './protobuf-reader.js';

/** A message in the form of OTLP/JSON: 64-bit numbers as strings, ids as hex. */
export interface Json {
  [field: string]: unknown;
}

/** Deeper values are of no use to anybody, and a stack has an end. */
export const maxDepth = 64;

/** So many messages and numbers one body may have: an empty one takes two bytes there, and a hundred here. */
const maxParts = 1_000_000;
let parts = 0;

/** Reads a message in the form of OTLP/JSON. Fields that the schema does not know are passed over. @throws Malformed */
export function protobufToJson(bytes: Buffer, schema: Message): Json {
  parts = 0;
  return readMessage(new ProtobufReader(bytes), bytes.length, schema, 0);
}

function readMessage(reader: ProtobufReader, end: number, schema: Message, depth: number): Json {
  if (depth > maxDepth) throw new Malformed(`values are nested deeper than ${maxDepth} levels`);
  const json: Json = {};
  while (reader.at < end) {
    const tag = reader.varint(end);
    const field = schema.byNumber.get(tag >>> 3);
    if (field === undefined) reader.skip(tag, end);
    else if (typeof field.kind === 'object') {
      const own = reader.end(end);
      put(json, field, readMessage(reader, own, field.kind, depth + 1));
    } else if (field.isRepeated && (tag & 7) === BYTES && field.kind !== 'string' && field.kind !== 'bytes') {
      const own = reader.end(end);
      while (reader.at < own) put(json, field, readScalar(reader, own, field.kind));
    } else put(json, field, readScalar(reader, end, field.kind));
  }
  return json;
}

function put(json: Json, { name, isRepeated }: Field, value: unknown): void {
  parts += 1;
  if (parts > maxParts) throw new Malformed(`it has more than ${maxParts} parts; send smaller batches`);
  if (!isRepeated) json[name] = value;
  else if (name in json) (json[name] as unknown[]).push(value);
  else json[name] = [value];
}

function readScalar(reader: ProtobufReader, end: number, kind: Scalar): unknown {
  switch (kind) {
    case 'string':
      return slice(reader, end).toString('utf8');
    case 'id':
      return slice(reader, end).toString('hex');
    case 'bytes':
      return slice(reader, end).toString('base64');
    case 'bool':
      return reader.varint(end) !== 0;
    case 'uint32':
      return reader.varint(end);
    case 'sint32': {
      const zigzag = reader.varint(end);
      return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    }
    case 'int64':
      return String(BigInt.asIntN(64, reader.varint64(end)));
    case 'uint64':
      return String(reader.varint64(end));
    case 'fixed32':
      return reader.fixed32(end);
    case 'fixed64':
      return String(reader.fixed64(end));
    case 'sfixed64':
      return String(BigInt.asIntN(64, reader.fixed64(end)));
    case 'double': {
      const value = reader.double(end);
      return Number.isFinite(value) ? value : String(value);
    }
  }
}

function slice(reader: ProtobufReader, end: number): Buffer {
  const own = reader.end(end);
  const bytes = reader.bytes.subarray(reader.at, own);
  reader.at = own;
  return bytes;
}
