import { join } from 'node:path';
import protobuf from 'protobufjs';

/** The three OTLP signals, named as in their paths: `/v1/traces`, `/v1/metrics`, `/v1/logs`. */
export type Signal = 'traces' | 'metrics' | 'logs';

/** A decoded message: field names as in OTLP/JSON (camelCase), 64-bit numbers as decimal strings, bytes as `Uint8Array`. */
export interface Message {
  readonly [field: string]: unknown;
}

const root = new protobuf.Root().loadSync(
  ['trace_service', 'metrics_service', 'logs_service'].map((name) =>
    join(__dirname, 'proto', `${name}.proto`),
  ),
);

const service = (signal: string, name: string): protobuf.Type =>
  root.lookupType(`opentelemetry.proto.collector.${signal}.v1.Export${name}ServiceRequest`);

export const REQUEST_TYPES: Readonly<Record<Signal, protobuf.Type>> = {
  traces: service('trace', 'Trace'),
  metrics: service('metrics', 'Metrics'),
  logs: service('logs', 'Logs'),
};

/** Reads one export request. @throws when the bytes are not what the content type says. */
export function decodeRequest(signal: Signal, contentType: string, body: Uint8Array): Message {
  if (contentType === 'application/x-protobuf') {
    const type = REQUEST_TYPES[signal];
    return type.toObject(type.decode(body), { longs: String });
  }
  if (contentType === 'application/json')
    return message(JSON.parse(Buffer.from(body).toString('utf8')), 'the body');
  throw new UnsupportedContentType(contentType);
}

export class UnsupportedContentType extends Error {
  override readonly name = 'UnsupportedContentType';
}

function message(value: unknown, what: string): Message {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${what} is not an object`);
  return value as Message;
}

/** A nested message; an absent one reads as empty, as in proto3. */
export function child(from: Message, field: string): Message {
  return message(from[field] ?? {}, field);
}

/** A repeated field of messages. */
export function children(from: Message, field: string): Message[] {
  return elements(from, field).map((element) => message(element, `an element of ${field}`));
}

export function elements(from: Message, field: string): unknown[] {
  const value = from[field] ?? [];
  if (!Array.isArray(value)) throw new Error(`${field} is not repeated`);
  return value;
}

export function text(from: Message, field: string): string {
  const value = from[field] ?? '';
  if (typeof value !== 'string') throw new Error(`${field} is not a string`);
  return value;
}

/** A 64-bit integer: a decimal string, or in JSON a number too. */
export function long(from: Message, field: string): bigint {
  return toLong(from[field] ?? 0, field);
}

export function toLong(value: unknown, field: string): bigint {
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new Error(`${field} is not a 64-bit integer`);
  return BigInt(value);
}

/** A double, a 32-bit integer or an enum value, which OTLP/JSON wants as a number. */
export function numeric(from: Message, field: string): number {
  return optionalNumeric(from, field) ?? 0;
}

export function optionalNumeric(from: Message, field: string): number | undefined {
  const value = from[field];
  if (value === undefined || typeof value === 'number') return value;
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
  throw new Error(`${field} is not a number`);
}

/** A trace or span id as lower-case hex; '' when absent. OTLP/JSON has hex instead of base64 here. */
export function id(from: Message, field: string, bytes: 8 | 16): string {
  const value = from[field] ?? '';
  const hex = value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  if (typeof hex !== 'string' || !(hex === '' || (/^[0-9a-f]*$/i.test(hex) && hex.length === 2 * bytes))) {
    throw new Error(`${field} is not ${bytes} bytes`);
  }
  return hex.toLowerCase();
}

/** One of the values of an `AnyValue`; a 64-bit integer that a number cannot hold stays a bigint. */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | undefined
  | Value[]
  | { [key: string]: Value };

/** A repeated `KeyValue` as a plain object. @throws on a key given twice, which the specification forbids. */
export function attributes(from: Message, field = 'attributes'): Record<string, Value> {
  const result: Record<string, Value> = Object.create(null);
  for (const pair of children(from, field)) {
    const key = text(pair, 'key');
    if (key in result) throw new Error(`attribute ${key} is given twice`);
    result[key] = anyValue(child(pair, 'value'));
  }
  return { ...result };
}

export function anyValue(from: Message): Value {
  const [kind, ...others] = Object.keys(from);
  if (others.length > 0) throw new Error(`a value is both ${kind} and ${others.join()}`);
  switch (kind) {
    case undefined:
      return undefined;
    case 'stringValue':
      return text(from, kind);
    case 'boolValue':
      return Boolean(from[kind]);
    case 'intValue': {
      const whole = toLong(from[kind], kind);
      return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
    }
    case 'doubleValue':
      return numeric(from, kind);
    case 'arrayValue':
      return children(child(from, kind), 'values').map(anyValue);
    case 'kvlistValue':
      return attributes(child(from, kind), 'values');
    case 'bytesValue':
      return typeof from[kind] === 'string' ? Buffer.from(from[kind], 'base64') : (from[kind] as Uint8Array);
    default:
      throw new Error(`a value of unknown kind ${kind}`);
  }
}
