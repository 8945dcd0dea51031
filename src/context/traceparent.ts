import { trimOws } from './field-value.js';

/** Bit 0 of the flags: the caller may have recorded this trace. */
export const FLAG_SAMPLED = 1;
/** Bit 1 of the flags: the right-most 7 bytes of the trace id are random. */
export const FLAG_RANDOM = 2;

/** What a caller said about the trace it is in. */
export interface Traceparent {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero: the span that sent the request. */
  readonly spanId: string;
  /** `FLAG_SAMPLED` and `FLAG_RANDOM`; the six reserved bits are dropped. */
  readonly flags: number;
}

// xx-<32>-<16>-xx
const traceIdAt = 3;
const spanIdAt = 36;
const flagsAt = 53;
const chars = 55;
// Ids are slices, and a slice keeps the whole header alive: without a bound a span could hold the 16 kB of a header block.
const maxChars = 1_024;

// By what the two known flags make together.
const endings = ['-00', '-01', '-02', '-03'] as const;

const dash = 0x2d;
const zero = 0x30;
const bad = 0x10;
const digitOf = new Uint8Array(256).fill(bad);
for (let digit = 0; digit < bad; digit += 1) digitOf[digit.toString(16).charCodeAt(0)] = digit;

/** All digits of `text` in [from, to) or-ed together: 0 when they are all zero, `bad` and above when one is no lower-case hex digit. */
function digits(text: string, from: number, to: number): number {
  let all = 0;
  for (let at = from; at < to; at += 1) all |= digitOf[text.charCodeAt(at)] ?? bad;
  return all;
}

/**
 * Reads a `traceparent` header; `undefined` says that a new trace has to be started, and that `tracestate` must not be read.
 * Takes what Node gives: a string (duplicates joined by a comma are refused) or the array of `headersDistinct` (of one member only).
 * A higher version is read as far as version 00 goes. Longer than 1,024 characters is refused. Never throws.
 * @see W3C Trace Context Level 2, "Traceparent Header" and "Versioning of traceparent"
 */
export function parseTraceparent(header: unknown): Traceparent | undefined {
  const only = Array.isArray(header) && header.length === 1 ? header[0] : header;
  if (typeof only !== 'string' || only.length < chars || only.length > maxChars) return undefined;
  const text = only.length === chars ? only : trimOws(only);

  if (text.charCodeAt(2) !== dash || text.charCodeAt(35) !== dash || text.charCodeAt(52) !== dash)
    return undefined;
  const traceId = digits(text, traceIdAt, spanIdAt - 1);
  const spanId = digits(text, spanIdAt, flagsAt - 1);
  if (traceId === 0 || spanId === 0) return undefined;
  if ((traceId | spanId | digits(text, 0, 2) | digits(text, flagsAt, chars)) >= bad) return undefined;
  if (text.startsWith('ff') || (text.length > chars && !isLaterVersion(text))) return undefined;

  return {
    traceId: text.slice(traceIdAt, spanIdAt - 1),
    spanId: text.slice(spanIdAt, flagsAt - 1),
    flags: (digitOf[text.charCodeAt(flagsAt + 1)] as number) & (FLAG_SAMPLED | FLAG_RANDOM),
  };
}

// A comma is where Node joined two headers: the second one would otherwise pass as an unknown field of the first.
function isLaterVersion(text: string): boolean {
  return !text.startsWith('00') && text.charCodeAt(chars) === dash && !text.includes(',', chars);
}

/** True for a trace id and a span id that a header can hold as they are: lower-case hex of the right length, neither all zero. */
export function areSendable(traceId: string, spanId: string): boolean {
  if (traceId.length !== 32 || spanId.length !== 16) return false;
  const trace = digits(traceId, 0, 32);
  const span = digits(spanId, 0, 16);
  return trace !== 0 && span !== 0 && (trace | span) < bad;
}

/** The header of version 00, whatever version came in. `flags` may hold anything: only the two known bits are sent. */
export function formatTraceparent(traceId: string, spanId: string, flags: number): string {
  const header = `00-${traceId}-${spanId}${endings[flags & (FLAG_SAMPLED | FLAG_RANDOM)]}`;
  // To look at a character makes one text of its parts. undici keeps it until the next full collection, and would keep them all.
  if (header.charCodeAt(0) !== zero) throw new RangeError('not a version 00');
  return header;
}
