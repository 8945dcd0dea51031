import type { Catalog } from '../store/catalog.js';
import type { Draft } from '../store/draft.js';
import { checkValueDepth } from './any-value.js';
import { readEnvelopes } from './envelope.js';
import { templateOf } from './log-template.js';
import { BYTES, FIXED64, ProtobufReader, VARINT } from './protobuf-reader.js';
import { type NanoBase, wordAt } from './words.js';

const tagOf = (field: number, wire: number): number => field * 8 + wire;
const TIME = tagOf(1, FIXED64);
const SEVERITY = tagOf(2, VARINT);
const BODY = tagOf(5, BYTES);
const TRACE_ID = tagOf(9, BYTES);
const SPAN_ID = tagOf(10, BYTES);
const OBSERVED = tagOf(11, FIXED64);
const STRING_VALUE = tagOf(1, BYTES);

const maxTemplateBytes = 512;

export interface LogReaderParts {
  readonly catalog: Catalog;
  readonly base: NanoBase;
  readonly draft: Draft;
  readonly onLog: (draft: Draft, bytes: Buffer) => void;
}

/** Reads log requests straight into rows. @throws Malformed; what stands before that place has been taken in. */
export function readLogs(bytes: Buffer, { catalog, base, draft, onLog }: LogReaderParts): void {
  const reader = new ProtobufReader(bytes);
  readEnvelopes(reader, catalog, (end, resource, scope) => {
    draft.clear();
    draft.resource = resource;
    draft.scope = scope;
    let time = 0;
    let observed = 0;
    while (reader.at < end) {
      const from = reader.at;
      const tag = reader.varint(end);
      if (tag === TIME || tag === OBSERVED) {
        const { at } = reader;
        reader.skip(tag, end);
        // 0 is "not known", and not 1970.
        if (bytes.readBigUInt64LE(at) === 0n) continue;
        if (tag === TIME) time = base.read(bytes, at);
        else {
          observed = base.read(bytes, at);
          draft.keep(from, reader.at);
        }
      } else if (tag === SEVERITY) draft.kind = Math.min(24, reader.varint(end));
      else if (tag === TRACE_ID) {
        const own = reader.end(end);
        const { at } = reader;
        if (own - at === 16) {
          draft.trace0 = wordAt(bytes, at);
          draft.trace1 = wordAt(bytes, at + 4);
          draft.trace2 = wordAt(bytes, at + 8);
          draft.trace3 = wordAt(bytes, at + 12);
        }
        reader.at = own;
      } else if (tag === SPAN_ID) {
        const own = reader.end(end);
        if (own - reader.at === 8) {
          draft.span0 = wordAt(bytes, reader.at);
          draft.span1 = wordAt(bytes, reader.at + 4);
        }
        reader.at = own;
      } else if (tag === BODY) {
        const own = reader.end(end);
        draft.name = readTemplate(reader, own, catalog);
        reader.at = own;
        draft.keep(from, own);
      } else {
        reader.skip(tag, end);
        draft.keep(from, reader.at);
      }
    }
    draft.start = time === 0 ? observed : time;
    onLog(draft, bytes);
  });
}

function readTemplate(reader: ProtobufReader, end: number, catalog: Catalog): number {
  const start = reader.at;
  if (start === end) return 0;
  const tag = reader.varint(end);
  if (tag !== STRING_VALUE) {
    reader.at = start;
    checkValueDepth(reader, end);
    return 0;
  }
  const own = reader.end(end);
  const text = reader.bytes.toString('utf8', reader.at, Math.min(own, reader.at + maxTemplateBytes));
  return catalog.names.ofText(templateOf(text));
}
