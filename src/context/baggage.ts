import {
  type Baggage,
  type BaggageEntry,
  baggageEntryMetadataFromString,
  propagation,
} from '@opentelemetry/api';
import { combineFields, trimOws } from './field-value.js';

// The specification asks for 64 members and 8,192 bytes at least; 180 members is where its grammar ends.
const maxMembers = 180;
const maxBytes = 8_192;

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const notToken = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]+/g;
const baggageOctets = /^[!#-+\--:<-[\]-~]*$/;
const notBaggageOctet = /[^!#-+\--:<-[\]-~]+/g;
// Of the characters that could stay, % must be encoded, and + is by choice: form decoders, as in OpenTelemetry Python, read it as a blank.
const encodedInValue = /[^!#$&-*\--:<-[\]-~]+/g;
const percentEncoded = /(?:%[0-9A-Fa-f]{2})+|(?:%(?![0-9A-Fa-f]{2}))+/g;
const percentOf = Array.from(
  { length: 256 },
  (_, byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
);
const replacement = '\ufffd';
// From JavaScript a value may be anything. Turning an object into text can throw.
const sendable: ReadonlySet<string> = new Set(['string', 'number', 'bigint', 'boolean']);

const kReceived = Symbol('golden-signals received baggage');
type ReceivedBaggage = Baggage & { [kReceived]?: string };

interface Member {
  readonly key: string;
  readonly entry: BaggageEntry;
  /** As it came, without optional whitespace. */
  readonly text: string;
}

/**
 * Reads a `baggage` header: values percent-decoded (what is ill-formed as U+FFFD), keys taken literally, properties kept as metadata.
 * Several fields are combined; what is no member is dropped, and of two with one key the last is seen.
 * `undefined` when nothing is left. Never throws.
 * @see W3C Baggage, "Header Content"
 */
export function parseBaggage(header: unknown): Baggage | undefined {
  const members: Member[] = [];
  for (const text of combineFields(header).split(',')) {
    const member = text === '' ? undefined : parseMember(text);
    if (member !== undefined) members.push(member);
  }
  if (members.length === 0) return undefined;
  // No prototype: `__proto__` is a legal key.
  const entries: Record<string, BaggageEntry> = Object.create(null);
  for (const { key, entry } of members) entries[key] = entry;
  const baggage: ReceivedBaggage = propagation.createBaggage(entries);
  // A change makes a new Baggage without this text. Unchanged, it is sent with its duplicates, its order and its encoding.
  const text = members.map((member) => member.text).join(',');
  if (fits(members.length, text.length)) baggage[kReceived] = text;
  return baggage;
}

/**
 * The header of a baggage, or `undefined` when it has no member that can be sent. A received one that is unchanged is sent as it came.
 * Members whose key is no token, and whole members beyond 180 or 8,192 bytes, are left out; the first ones stay. Never throws.
 * @see W3C Baggage, "Limits"
 */
export function formatBaggage(baggage: Baggage): string | undefined {
  const received = (baggage as ReceivedBaggage)[kReceived];
  if (received !== undefined) return received;
  let text = '';
  let sent = 0;
  for (const [key, entry] of baggage.getAllEntries()) {
    if (!token.test(key) || !sendable.has(typeof entry?.value)) continue;
    const member = `${sent === 0 ? '' : ','}${key}=${encodeValue(entry.value)}${encodeProperties(entry)}`;
    if (!fits(sent + 1, text.length + member.length)) continue;
    text += member;
    sent += 1;
  }
  return sent === 0 ? undefined : text;
}

/**
 * Merges two headers: all of the first, then the members of the second with other keys, up to 180 members and 8,192 bytes. `first` is a
 * header that the application wrote, and is not changed. Never throws.
 */
export function mergeBaggage(first: unknown, second: string): string {
  let text = combineFields(first);
  const keys = new Set<string>();
  for (const member of text.split(',')) keys.add(keyOf(member));
  let sent = text === '' ? 0 : keys.size;
  for (const member of second.split(',')) {
    if (keys.has(keyOf(member)) || !fits(sent + 1, text.length + 1 + member.length)) continue;
    text += text === '' ? member : `,${member}`;
    sent += 1;
  }
  return text;
}

function keyOf(member: string): string {
  return splitPair(member)[0];
}

function fits(members: number, bytes: number): boolean {
  return members <= maxMembers && bytes <= maxBytes;
}

function parseMember(member: string): Member | undefined {
  const semicolon = member.indexOf(';');
  const [key, octets] = splitPair(semicolon === -1 ? member : member.slice(0, semicolon));
  if (octets === undefined || !token.test(key) || !baggageOctets.test(octets)) return undefined;
  const value = decodeValue(octets);
  const pair = `${key}=${value.includes(replacement) ? encodeValue(value) : octets}`;
  if (semicolon === -1) return { key, entry: { value }, text: pair };

  // Without its bad property it would be a partial member, which must not be sent on.
  const properties = parseProperties(member.slice(semicolon + 1));
  if (properties === undefined) return undefined;
  if (properties === '') return { key, entry: { value }, text: pair };
  const metadata = baggageEntryMetadataFromString(properties);
  return { key, entry: { value, metadata }, text: `${pair};${properties}` };
}

function parseProperties(text: string): string | undefined {
  const properties: string[] = [];
  for (const property of text.split(';')) {
    if (property === '') continue;
    const [key, value] = splitPair(property);
    if (key === '' && value === undefined) continue;
    if (!token.test(key) || !baggageOctets.test(value ?? '')) return undefined;
    properties.push(value === undefined ? key : `${key}=${value}`);
  }
  return properties.join(';');
}

function splitPair(pair: string): [key: string, value: string | undefined] {
  const equals = pair.indexOf('=');
  if (equals === -1) return [trimOws(pair), undefined];
  return [trimOws(pair.slice(0, equals)), trimOws(pair.slice(equals + 1))];
}

function decodeValue(value: string): string {
  if (!value.includes('%')) return value;
  return value.replace(percentEncoded, (run) =>
    run.endsWith('%')
      ? replacement.repeat(run.length)
      : Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}

function encodeValue(value: string): string {
  return String(value).replace(encodedInValue, percentEncode);
}

// Metadata is in the form of the wire already, % included. Only what would break out of the property is encoded.
function encodeProperties({ metadata }: BaggageEntry): string {
  if (!metadata) return '';
  let text = '';
  for (const property of metadata.toString().split(';')) {
    const [key, value] = splitPair(property);
    if (key === '') continue;
    text += `;${key.replace(notToken, percentEncode)}`;
    if (value !== undefined) text += `=${value.replace(notBaggageOctet, percentEncode)}`;
  }
  return text;
}

// encodeURIComponent throws at a lone surrogate; here it becomes U+FFFD.
function percentEncode(run: string): string {
  let encoded = '';
  for (const byte of Buffer.from(run, 'utf8')) encoded += percentOf[byte];
  return encoded;
}
