import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  errorCodeOf,
  errorTypeOf,
  judgeError,
  judgeStatus,
  retryAfterOf,
} from '../../src/client/call-outcome.js';

const coded = (code: string, more: object = {}) => Object.assign(new Error(code), { code, ...more });
const infoOf = (message: string) => Object.assign(new Error(message), { code: 'UND_ERR_INFO' });
const end = (error: unknown, more: object = {}) => ({
  statusCode: 0,
  error,
  isCallerAbort: false,
  isTimedOut: false,
  isElsewhere: false,
  port: 443,
  isReusedSocket: false,
  elapsedMs: 5,
  isStalled: false,
  ...more,
});

describe('what an error is called', () => {
  test.each<[unknown, string]>([
    [coded('ECONNRESET'), 'ECONNRESET'],
    [new TypeError('fetch failed', { cause: coded('UND_ERR_SOCKET') }), 'UND_ERR_SOCKET'],
    [new Error('a', { cause: new Error('b', { cause: coded('EPIPE') }) }), 'EPIPE'],
    [new AggregateError([coded('ECONNREFUSED'), coded('ETIMEDOUT')]), 'ECONNREFUSED'],
    [new TypeError('fetch failed', { cause: new AggregateError([coded('ECONNREFUSED')]) }), 'ECONNREFUSED'],
    [new DOMException('x', 'TimeoutError'), 'TimeoutError'],
    [new RangeError('x'), 'RangeError'],
    [new RangeError('x', { cause: new Error('y') }), 'RangeError'],
    ['a string', '_OTHER'],
    [null, '_OTHER'],
    [undefined, '_OTHER'],
    [{}, '_OTHER'],
  ])('%s', (error, name) => {
    expect(errorCodeOf(error)).toBe(name);
  });

  test('never throws, and ends in a ring of causes', () => {
    const ring = new Error('ring');
    ring.cause = ring;
    expect(errorCodeOf(ring)).toBe('Error');
    const hostile = {
      get code() {
        throw new Error('no');
      },
    };
    expect(errorCodeOf(hostile)).toBe('_OTHER');
    fc.assert(fc.property(fc.anything(), (value) => typeof errorCodeOf(value) === 'string'));
  });

  test("a caller's abort has none, his time-out has", () => {
    expect(errorTypeOf(coded('ABORT_ERR'), false, false)).toBeUndefined();
    expect(errorTypeOf(coded('ECONNRESET'), false, true)).toBeUndefined();
    expect(errorTypeOf(coded('ECONNRESET'), true, true)).toBe('TimeoutError');
    expect(errorTypeOf(coded('ETIMEDOUT'), false, false)).toBe('ETIMEDOUT');
    const timedOut = new DOMException('x', 'TimeoutError');
    expect(
      errorTypeOf(Object.assign(new Error('x', { cause: timedOut }), { name: 'AbortError' }), false, true),
    ).toBe('TimeoutError');
  });
});

describe('the verdict', () => {
  test.each([
    [200, 'success'],
    [302, 'success'],
    [404, 'success'],
    [429, 'ignore'],
    [499, 'success'],
    [500, 'failure'],
    [599, 'failure'],
  ])('on %i is %s', (status, kind) => {
    expect(judgeStatus(status).kind).toBe(kind);
  });

  test.each<[string, ReturnType<typeof end>, string]>([
    ['a reset', end(coded('ECONNRESET')), 'failure'],
    ['a refusal', end(coded('ECONNREFUSED')), 'failure'],
    ['no name', end(coded('ENOTFOUND')), 'failure'],
    ['TLS', end(coded('ERR_SSL_WRONG_VERSION_NUMBER')), 'failure'],
    ['an error without a code, as one of a body', end(new TypeError('the source broke')), 'ignore'],
    ['a thing that is no error', end('stop'), 'ignore'],
    ['no name at the name server', end(coded('ENOTFOUND', { syscall: 'queryA' })), 'failure'],
    ['a name server that is gone', end(coded('ECONNREFUSED', { syscall: 'queryA' })), 'ignore'],
    ['a name server that is busy', end(coded('EAI_AGAIN', { syscall: 'getaddrinfo' })), 'ignore'],
    ...['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM', 'EACCES', 'EPERM', 'EADDRINUSE'].map(
      (code): [string, ReturnType<typeof end>, string] => [
        `${code}, which is of this process`,
        end(coded(code, { syscall: 'connect', port: 443 })),
        'ignore',
      ],
    ),
    ['a file that is not there', end(coded('ENOENT', { syscall: 'open' })), 'ignore'],
    ['a socket that is not there', end(coded('ENOENT', { syscall: 'connect' }), { port: 0 }), 'failure'],
    ['a refusal at its port', end(coded('ECONNREFUSED', { syscall: 'connect', port: 443 })), 'failure'],
    ['a refusal at a proxy', end(coded('ECONNREFUSED', { syscall: 'connect', port: 3128 })), 'ignore'],
    ['no answer from a proxy', end(coded('ETIMEDOUT', { syscall: 'connect', port: 3128 })), 'ignore'],
    [
      'a refusal at all addresses of a proxy',
      end(new AggregateError([coded('ECONNREFUSED', { syscall: 'connect', port: 3128 })])),
      'ignore',
    ],
    [
      'an address without a route, and a refusal',
      end(
        Object.assign(
          new AggregateError([
            coded('EADDRNOTAVAIL', { syscall: 'connect', port: 443 }),
            coded('ECONNREFUSED', { syscall: 'connect', port: 443 }),
          ]),
          { code: 'EADDRNOTAVAIL' },
        ),
      ),
      'failure',
    ],
    [
      "a reset of another connection of the caller's",
      end(coded('ECONNRESET'), { isElsewhere: true }),
      'ignore',
    ],
    [
      'a system error that the caller ends the call with',
      end(coded('ETIMEDOUT', { syscall: 'read' }), { isCallerAbort: true }),
      'ignore',
    ],
    ['an authority that is unknown here', end(coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE')), 'ignore'],
    ['a certificate that is too old', end(coded('CERT_HAS_EXPIRED')), 'failure'],
    ['what is no HTTP', end(coded('HPE_INVALID_CONSTANT')), 'failure'],
    ['a session of HTTP/2 that is closed', end(infoOf('HTTP/2: "GOAWAY" frame received')), 'failure'],
    ['a note of undici to itself', end(infoOf('reset')), 'ignore'],
    ['a cut in the body', end(coded('ECONNRESET'), { statusCode: 200 }), 'failure'],
    ['a time-out', end(coded('UND_ERR_HEADERS_TIMEOUT')), 'failure'],
    ['a time-out of our own', end(coded('ERR_UPSTREAM_TIMEOUT')), 'failure'],
    ['a time-out of a process that stood still', end(coded('ETIMEDOUT'), { isStalled: true }), 'ignore'],
    ['a reset of a process that stood still', end(coded('ECONNRESET'), { isStalled: true }), 'failure'],
    ['an abort', end(coded('ABORT_ERR')), 'ignore'],
    ["the caller's", end(coded('ECONNRESET'), { isCallerAbort: true }), 'ignore'],
    [
      "the caller's after a time-out",
      end(coded('ECONNRESET'), { isCallerAbort: true, isTimedOut: true }),
      'failure',
    ],
    ['our own caller gone', end(coded('ERR_CALLER_GONE')), 'ignore'],
    ['our own deadline', end(coded('ERR_DEADLINE_EXCEEDED')), 'ignore'],
    ['a bug of the caller', end(coded('UND_ERR_INVALID_ARG')), 'ignore'],
    ['a stale connection', end(coded('ECONNRESET'), { isReusedSocket: true }), 'ignore'],
    [
      'a used connection, in the body',
      end(coded('ECONNRESET'), { isReusedSocket: true, statusCode: 200 }),
      'failure',
    ],
    ['a used connection, refused', end(coded('ECONNREFUSED'), { isReusedSocket: true }), 'failure'],
  ])('on %s', (_title, given, kind) => {
    expect(judgeError(given).kind).toBe(kind);
  });
});

describe('Retry-After', () => {
  const now = Date.UTC(2026, 10, 23, 1, 0, 0);

  test.each<[unknown, number | undefined]>([
    ['0', 0],
    ['1', 1_000],
    [' 120 ', 120_000],
    ['Mon, 23 Nov 2026 01:00:30 GMT', 30_000],
    ['Mon, 23 Nov 2026 00:00:00 GMT', 0],
    ['', undefined],
    ['soon', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['9999999999', undefined],
    ['2026-11-23', undefined],
    [undefined, undefined],
    [['1'], undefined],
  ])('%s', (header, ms) => {
    expect(retryAfterOf(header, now)).toBe(ms);
  });

  test('is never negative nor no number, and never throws', () => {
    fc.assert(
      fc.property(fc.anything(), (header) => {
        const ms = retryAfterOf(header, now);
        return ms === undefined || (ms >= 0 && Number.isFinite(ms));
      }),
    );
    fc.assert(fc.property(fc.string(), (header) => (retryAfterOf(header, now) ?? 0) >= 0));
  });
});
