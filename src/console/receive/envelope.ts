import type { Catalog } from '../store/catalog.js';
import { BYTES, type ProtobufReader } from './protobuf-reader.js';

const messageOf = (field: number): number => field * 8 + BYTES;
const RESOURCE_ITEMS = messageOf(1);
const FIRST = messageOf(1);
const SECOND = messageOf(2);

/**
 * Goes through the two envelopes that every signal has, a resource and within it a scope, and calls `read` where an item begins, with
 * its end. `read` has to leave the reader there.
 * @throws Malformed
 */
export function readEnvelopes(
  reader: ProtobufReader,
  catalog: Catalog,
  read: (end: number, resource: number, scope: number) => void,
): void {
  const all = reader.bytes.length;
  while (reader.at < all) {
    const tag = reader.varint(all);
    if (tag !== RESOURCE_ITEMS) {
      reader.skip(tag, all);
      continue;
    }
    const end = reader.end(all);
    const start = reader.at;
    const resource = readFirst(reader, end, (from, to) => catalog.resourceOf(reader.bytes, from, to));
    reader.at = start;
    while (reader.at < end) {
      const inner = reader.varint(end);
      if (inner !== SECOND) {
        reader.skip(inner, end);
        continue;
      }
      const scopeEnd = reader.end(end);
      const scopeStart = reader.at;
      const scope = readFirst(reader, scopeEnd, (from, to) => catalog.scopeOf(reader.bytes, from, to));
      reader.at = scopeStart;
      while (reader.at < scopeEnd) {
        const item = reader.varint(scopeEnd);
        if (item === SECOND) {
          const itemEnd = reader.end(scopeEnd);
          read(itemEnd, resource, scope);
          reader.at = itemEnd;
        } else reader.skip(item, scopeEnd);
      }
    }
  }
}

/** Reads field 1 of a message, whatever its position; 0 if the message has no such field. */
function readFirst(
  reader: ProtobufReader,
  end: number,
  read: (start: number, end: number) => number,
): number {
  while (reader.at < end) {
    const tag = reader.varint(end);
    if (tag === FIRST) {
      const own = reader.end(end);
      return read(reader.at, own);
    }
    reader.skip(tag, end);
  }
  return 0;
}
