import { Malformed } from './malformed.js';
import { BYTES, type ProtobufReader } from './protobuf-reader.js';
import { maxDepth } from './protobuf-to-json.js';

const ARRAY = 5 * 8 + BYTES;
const LIST = 6 * 8 + BYTES;
const VALUE_OF_PAIR = 2 * 8 + BYTES;
const ELEMENT = 1 * 8 + BYTES;

/** Looks at nothing of a value but how deep it goes. @throws Malformed */
export function checkValueDepth(reader: ProtobufReader, end: number, depth = 0): void {
  if (depth > maxDepth) throw new Malformed(`values are nested deeper than ${maxDepth} levels`);
  while (reader.at < end) {
    const tag = reader.varint(end);
    if (tag !== ARRAY && tag !== LIST) {
      reader.skip(tag, end);
      continue;
    }
    const own = reader.end(end);
    while (reader.at < own) {
      const inner = reader.varint(own);
      if (inner !== ELEMENT) {
        reader.skip(inner, own);
        continue;
      }
      const element = reader.end(own);
      if (tag === ARRAY) checkValueDepth(reader, element, depth + 1);
      else
        while (reader.at < element) {
          const part = reader.varint(element);
          if (part === VALUE_OF_PAIR) checkValueDepth(reader, reader.end(element), depth + 1);
          else reader.skip(part, element);
        }
      reader.at = element;
    }
  }
}
