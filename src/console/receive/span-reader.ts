import type { Catalog } from '../store/catalog.js';
import { CLIENT, CONSUMER, type Draft, FAILED, OK, PRODUCER, SERVER } from '../store/draft.js';
import { checkValueDepth } from './any-value.js';
import { readEnvelopes } from './envelope.js';
import * as keys from './known-keys.js';
import { BYTES, FIXED32, FIXED64, ProtobufReader, VARINT } from './protobuf-reader.js';
import { type NanoBase, wordAt } from './words.js';

const ERROR = 2;
const tagOf = (field: number, wire: number): number => field * 8 + wire;

const TRACE_ID = tagOf(1, BYTES);
const SPAN_ID = tagOf(2, BYTES);
const PARENT_ID = tagOf(4, BYTES);
const NAME = tagOf(5, BYTES);
const KIND = tagOf(6, VARINT);
const START = tagOf(7, FIXED64);
const END = tagOf(8, FIXED64);
const ATTRIBUTE = tagOf(9, BYTES);
const STATUS = tagOf(15, BYTES);
const FLAGS = tagOf(16, FIXED32);
const STATUS_CODE = tagOf(3, VARINT);

const KEY = tagOf(1, BYTES);
const VALUE = tagOf(2, BYTES);
const STRING_VALUE = tagOf(1, BYTES);
const INT_VALUE = tagOf(3, VARINT);

export interface SpanReaderParts {
  readonly catalog: Catalog;
  readonly base: NanoBase;
  readonly draft: Draft;
  readonly onSpan: (draft: Draft, bytes: Buffer) => void;
}

/** Reads trace requests straight into rows: no object is made of a span. */
export class SpanReader {
  readonly #catalog: Catalog;
  readonly #base: NanoBase;
  readonly #draft: Draft;
  readonly #onSpan: SpanReaderParts['onSpan'];
  readonly #targets = new Map<number, number>();
  // What the attributes of the span at hand say, interned.
  #route = 0;
  #address = 0;
  #port = 0;
  #peer = 0;
  #system = 0;
  #destination = 0;
  #rejected = 0;

  constructor({ catalog, base, draft, onSpan }: SpanReaderParts) {
    this.#catalog = catalog;
    this.#base = base;
    this.#draft = draft;
    this.#onSpan = onSpan;
  }

  /** Returns how many spans were no spans. @throws Malformed; what stands before that place has been taken in. */
  read(bytes: Buffer): number {
    const reader = new ProtobufReader(bytes);
    this.#rejected = 0;
    readEnvelopes(reader, this.#catalog, (end, resource, scope) => {
      this.#draft.resource = resource;
      this.#draft.scope = scope;
      this.#readSpan(reader, end);
    });
    return this.#rejected;
  }

  #readSpan(reader: ProtobufReader, end: number): void {
    const { bytes } = reader;
    const draft = this.#draft;
    draft.clear();
    this.#route = 0;
    this.#address = 0;
    this.#port = 0;
    this.#peer = 0;
    this.#system = 0;
    this.#destination = 0;
    let finish = 0;
    let hasTrace = false;
    let hasSpan = false;
    while (reader.at < end) {
      const from = reader.at;
      const tag = reader.varint(end);
      switch (tag) {
        case TRACE_ID: {
          const own = reader.end(end);
          const { at } = reader;
          hasTrace = own - at === 16;
          if (hasTrace) {
            draft.trace0 = wordAt(bytes, at);
            draft.trace1 = wordAt(bytes, at + 4);
            draft.trace2 = wordAt(bytes, at + 8);
            draft.trace3 = wordAt(bytes, at + 12);
          }
          reader.at = own;
          break;
        }
        case SPAN_ID:
        case PARENT_ID: {
          const own = reader.end(end);
          const { at } = reader;
          if (own - at === 8) {
            const high = wordAt(bytes, at);
            const low = wordAt(bytes, at + 4);
            if (tag === SPAN_ID) {
              draft.span0 = high;
              draft.span1 = low;
              hasSpan = (high | low) !== 0;
            } else {
              draft.parent0 = high;
              draft.parent1 = low;
            }
          }
          reader.at = own;
          break;
        }
        case NAME: {
          const own = reader.end(end);
          draft.name = this.#catalog.names.ofBytes(bytes, reader.at, own);
          reader.at = own;
          if (draft.name === 0) draft.keep(from, own);
          break;
        }
        case KIND:
          draft.kind |= reader.varint(end) & 0x7;
          break;
        case START:
        case END: {
          const { at } = reader;
          reader.skip(tag, end);
          const time = this.#base.read(bytes, at);
          if (tag === START) draft.start = time;
          else finish = time;
          break;
        }
        case ATTRIBUTE: {
          const own = reader.end(end);
          this.#readAttribute(reader, own);
          reader.at = own;
          draft.keep(from, own);
          break;
        }
        case STATUS: {
          const own = reader.end(end);
          // A code alone takes two bytes; with a text there is more to keep.
          if (own - reader.at > 2) draft.keep(from, own);
          while (reader.at < own) {
            const inner = reader.varint(own);
            if (inner === STATUS_CODE) {
              const code = reader.varint(own);
              if (code === ERROR) draft.kind |= FAILED;
              else if (code === 1) draft.kind |= OK;
            } else reader.skip(inner, own);
          }
          break;
        }
        case FLAGS: {
          draft.flags = reader.fixed32(end) & 0xff;
          draft.keep(from, reader.at);
          break;
        }
        default:
          reader.skip(tag, end);
          draft.keep(from, reader.at);
      }
    }
    if (!hasTrace || !hasSpan || (draft.trace0 | draft.trace1 | draft.trace2 | draft.trace3) === 0) {
      this.#rejected += 1;
      return;
    }
    draft.duration = Math.max(0, finish - draft.start);
    const kind = draft.kind & 0x7;
    if (kind === SERVER && draft.http >= 500) draft.kind |= FAILED;
    if (kind === SERVER || kind === CONSUMER) draft.route = this.#route;
    else if (kind === CLIENT || kind === PRODUCER) draft.route = this.#target();
    this.#onSpan(draft, bytes);
  }

  #readAttribute(reader: ProtobufReader, end: number): void {
    const { bytes } = reader;
    let key = keys.NONE;
    while (reader.at < end) {
      const tag = reader.varint(end);
      if (tag === KEY) {
        const own = reader.end(end);
        key = keys.knownKey(bytes, reader.at, own);
        reader.at = own;
      } else if (tag === VALUE) {
        const own = reader.end(end);
        if (key !== keys.NONE && reader.at < own) this.#readValue(reader, key, own);
        else checkValueDepth(reader, own);
        reader.at = own;
      } else reader.skip(tag, end);
    }
  }

  #readValue(reader: ProtobufReader, key: number, end: number): void {
    const tag = reader.varint(end);
    if (tag === INT_VALUE) {
      const value = reader.varint(end);
      if (key === keys.HTTP_STATUS || key === keys.HTTP_STATUS_OLD)
        this.#draft.http = value < 1_000 ? value : 0;
      else if (key === keys.SERVER_PORT || key === keys.PEER_PORT_OLD)
        this.#port = value < 65_536 ? value : 0;
    } else if (tag === STRING_VALUE) {
      const own = reader.end(end);
      const text = this.#catalog.routes.ofBytes(reader.bytes, reader.at, own);
      reader.at = own;
      switch (key) {
        case keys.HTTP_ROUTE:
          this.#route = text;
          break;
        case keys.SERVER_ADDRESS:
        case keys.PEER_NAME_OLD:
          this.#address = text;
          break;
        case keys.PEER_SERVICE:
          this.#peer = text;
          break;
        case keys.DB_SYSTEM:
        case keys.DB_SYSTEM_OLD:
        case keys.MESSAGING_SYSTEM:
          this.#system = text;
          break;
        case keys.MESSAGING_DESTINATION:
          this.#destination = text;
          break;
      }
    }
  }

  /** What a call goes to, as one text: `payment:8080`, `postgresql db:5432`, `kafka orders`. */
  #target(): number {
    const { routes } = this.#catalog;
    if (this.#peer !== 0) return this.#peer;
    const where = this.#destination === 0 ? this.#address : this.#destination;
    const port = this.#destination === 0 ? this.#port : 0;
    if (this.#system === 0 && port === 0) return where;
    // Of numbers below 2^17, 2^16 and 2^17, so that it is exact.
    const key = (where * 65_536 + port) * 131_072 + this.#system;
    let target = Number.isSafeInteger(key) ? this.#targets.get(key) : undefined;
    if (target === undefined) {
      const place = port === 0 ? routes.text(where) : `${routes.text(where)}:${port}`;
      const text = [routes.text(this.#system), place].filter((part) => part !== '').join(' ');
      target = routes.ofText(text);
      if (this.#targets.size < 50_000) this.#targets.set(key, target);
    }
    return target;
  }
}
