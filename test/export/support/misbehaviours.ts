import type { Behaviour } from '../../support/otlp-receiver.js';

/** What a collector may do wrong, how the receiver does it, and what is said of it where an export may take 200 ms. */
export const misbehaviours: [string, Behaviour, RegExp][] = [
  ['refuses', 'refuse', /ECONNREFUSED|ECONNRESET/],
  ['hangs', 'hang', /no answer within 200 ms/],
  ['resets connections', 'reset', /ECONNRESET|EPIPE/],
  ['answers 400', { status: 400 }, /status 400/],
  ['answers 429', { status: 429 }, /status 429/],
  ['answers 503 with Retry-After', { status: 503, headers: { 'retry-after': '30' } }, /status 503/],
  ['answers with bytes that are not HTTP', { garbage: 'bytes' }, /does not speak HTTP/],
  ['answers with what is no protobuf', { garbage: 'protobuf' }, /no collector/],
  ['answers with a page', { garbage: 'html' }, /no collector/],
];
