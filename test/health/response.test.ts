import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../src/health/probe.js';
import { type ProbeRequest, probeResponse } from '../../src/health/response.js';

const up: Verdict = { ok: true, status: 'warn', reason: undefined, httpStatus: 200 };
const down: Verdict = { ok: false, status: 'fail', reason: 'starting', httpStatus: 503 };

const respond = (request: Partial<ProbeRequest>, verdict = up, random = 0.5) =>
  probeResponse(
    { method: 'GET', accept: undefined, closeConnection: false, ...request },
    verdict,
    '{"é":1}',
    () => random,
  );

describe('the answer to a probe', () => {
  test('is never cached or sniffed, and says how long it is in bytes', () => {
    expect(respond({})).toEqual({
      status: 200,
      headers: {
        'Content-Type': 'application/json; charset=utf-8',
        'Content-Length': '8',
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
      },
      body: '{"é":1}',
    });
  });

  test('to HEAD has the headers of GET and no body', () => {
    expect(respond({ method: 'HEAD' })).toEqual({ ...respond({}), body: '' });
  });

  test('has the same JSON under both names', () => {
    const { headers, body } = respond({ accept: 'application/health+json' });
    expect([headers['Content-Type'], body]).toEqual(['application/health+json; charset=utf-8', '{"é":1}']);
  });

  test('is one word as text', () => {
    const { headers, body } = respond({ accept: 'text/plain' });
    expect([headers['Content-Type'], headers['Content-Length'], body]).toEqual([
      'text/plain; charset=utf-8',
      '4',
      'warn',
    ]);
  });

  test('closes the connection when asked to', () => {
    expect(respond({ closeConnection: true }).headers.Connection).toBe('close');
    expect(respond({}).headers).not.toHaveProperty('Connection');
  });

  test.each([
    [0, '1'],
    [0.5, '3'],
    [0.999_999, '5'],
  ])('says when to come back after a 503, in whole seconds (random %d)', (random, seconds) => {
    expect(respond({}, down, random)).toMatchObject({ status: 503, headers: { 'Retry-After': seconds } });
  });

  test('says nothing of coming back after a 200', () => {
    expect(respond({}).headers).not.toHaveProperty('Retry-After');
  });
});
