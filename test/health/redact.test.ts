import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redactText, redactThrown } from '../../src/health/redact.js';
import { createRunningHealth } from './support/harness.js';

describe('a text', () => {
  test.each([
    'connect ECONNREFUSED 10.0.0.5:5432',
    'getaddrinfo ENOTFOUND db-primary.prod.svc.cluster.local',
    'password authentication failed for user "bob"',
    'duplicate key value violates unique constraint "users_pkey"',
    'timeout after 2000 ms',
    'open; next try in 12 s',
    'pool exhausted: 10/10 connections in use',
    'shipping: failed to ping: 3',
    "ENOSPC: no space left on device, write '/var/lib/x'",
  ])('without a secret stays: %s', (text) => {
    expect(redactText(text)).toBe(text);
  });

  test.each([
    ['connect postgres://app:hunter2@db:5432/orders failed', 'connect postgres://***@db:5432/orders failed'],
    ['connect postgres://app:p@ss/w?rd@db:5432 failed', 'connect postgres://*** failed'],
    ['app:hunter2@tcp(db:3306)/orders', '***@tcp(db:3306)/orders'],
    ['GET https://api.example/v1?key=hunter2&b=1 failed', 'GET https://api.example/v1?*** failed'],
    ["Access denied for user 'x' (using password: YES)", "Access denied for user 'x' (using password: ***"],
    ['{"password":"hunter 2","x":1}', '{"password":***'],
    ['DB_PASSWORD=hunter2 is wrong', 'DB_PASSWORD=*** is wrong'],
    ["clientSecret => 'hunter2'", 'clientSecret => ***'],
    ['auth=Bearer hunter2', 'auth=***'],
    ['Bearer token: hunter2', 'Bearer *** ***'],
    ['invalid bearer token hunter2', 'invalid bearer token ***'],
    ['no key token swordfish', 'no key token ***'],
    ['user=app,token=hunter2', 'user=app,token=***'],
    ['the password is hunter2', 'the password is ***'],
    ['secret swordfish', 'secret ***'],
    ['Incorrect API key provided: sk-abc', 'Incorrect API key provided: ***'],
    ['Authorization: Digest username="x", response="abc"', 'Authorization: ***'],
    ['Cookie: a=b; c=d', 'Cookie: ***'],
    ['sent Bearer abc', 'sent Bearer ***'],
    ['jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc expired', 'jwt *** expired'],
    ['no such key 0123456789abcdef', 'no such key ***'],
    ['id 6f1c2c1e-0d1a-4d0b-9a35-2f0c7c1f7a55 unknown', 'id *** unknown'],
    ['first line\nsecond line', 'first line'],
    ['  first\u2028second', 'first'],
  ])('with a secret loses it: %s', (text, expected) => {
    expect(redactText(text)).toBe(expected);
  });

  test('keeps a word of 31 letters and hides one of 32', () => {
    expect(redactText('a'.repeat(31))).toBe('a'.repeat(31));
    expect(redactText('a'.repeat(32))).toBe('***');
  });

  test('is cut at 200 characters', () => {
    expect(redactText('ab '.repeat(66))).toHaveLength(197);
    expect(redactText('ab '.repeat(66).concat('cde'))).toHaveLength(200);
    expect(redactText('ab '.repeat(67).trim())).toHaveLength(200);
    expect(redactText('ab '.repeat(500))).toMatch(/…$/);
  });

  test('that is huge is cut between words, never through a credential', () => {
    const long = `GET http://a?${'b'.repeat(900)} from postgres://app:${'swordfish'.repeat(20)}@db`;
    expect(redactText(long)).toBe('GET http://a?*** from');
    expect(redactText(long)).not.toContain('swordfish');
  });
});

describe('something thrown', () => {
  test.each<[unknown, string]>([
    [new Error('gone'), 'Error: gone'],
    [new TypeError(''), 'TypeError'],
    [Object.assign(new Error('x'), { code: '28P01' }), 'Error 28P01: x'],
    [Object.assign(new Error('x'), { code: 1146 }), 'Error 1146: x'],
    [Object.assign(new Error('x'), { code: 'hunter2 is my password' }), 'Error: x'],
    [Object.assign(new Error('x'), { name: 'hunter2' }), 'x'],
    [{ message: 'like an error' }, 'like an error'],
    [{ password: 'hunter2' }, 'threw an object'],
    [['hunter2'], 'threw an object'],
    [42, 'threw a number'],
    [Symbol('hunter2'), 'threw a symbol'],
    [new AggregateError([new Error('hunter2')], 'several'), 'AggregateError: several'],
  ])('is told as name, code and message: %o', (thrown, expected) => {
    expect(redactThrown(thrown)).toBe(expected);
  });
});

const bare = fc
  .tuple(fc.stringMatching(/^[A-Za-z0-9]{12,40}$/), fc.integer({ min: 0, max: 9 }))
  .map(([text, digit]) => `x${digit}${text}`);
// Whatever can stand in a value that ends at white space; quotes would end it earlier.
const printable = fc.stringMatching(/^[!-&(-~]{8,40}$/).filter((text) => !/["'`\\]/.test(text));

const hiding: [string, fc.Arbitrary<string>, (secret: string) => unknown][] = [
  ['in the message', bare, (secret) => new Error(`cannot log in with ${secret} today`)],
  ['in a string that is thrown', bare, (secret) => `cannot log in with ${secret} today`],
  [
    'in a property',
    printable,
    (secret) => Object.assign(new Error('no'), { password: secret, config: { auth: [secret] } }),
  ],
  [
    'in the cause',
    printable,
    (secret) => new Error('no', { cause: new Error(secret, { cause: { secret } }) }),
  ],
  [
    'in the errors of an aggregate',
    printable,
    (secret) => new AggregateError([secret, new Error(secret)], 'all failed'),
  ],
  ['in the second line', printable, (secret) => new Error(`no\n${secret}`)],
  [
    'in the credentials of a URL',
    printable,
    (secret) => new Error(`connect redis://user:${secret}@cache:6379 refused`),
  ],
  ['in a query string', printable, (secret) => new Error(`GET https://api.example/pay?sig=${secret} 403`)],
  ['in a bearer token', printable, (secret) => new Error(`401 for Authorization: Bearer ${secret}`)],
  [
    'in a bearer token without its header',
    printable,
    (secret) => new Error(`sent bearer ${secret}, got 401`),
  ],
  ['in a JWT', bare, (secret) => new Error(`rejected eyJ${secret}.${secret}.${secret}`)],
  ['in a pair', printable, (secret) => new Error(`refused: user=app password=${secret} host=db`)],
  ['in a pair without spaces', printable, (secret) => new Error(`dsn user=app;apiKey=${secret}`)],
  ['after a word', bare, (secret) => new Error(`bad bearer token ${secret}, no session token ${secret}`)],
  ['in quoted JSON', printable, (secret) => new Error(`refused {"user":"app","token":"${secret}"}`)],
  ['in a thrown object', printable, (secret) => ({ secret, nested: { secret } })],
  ['in a symbol', printable, (secret) => Symbol(secret)],
  [
    'in the name and the code',
    printable,
    (secret) => Object.assign(new Error('no'), { name: `${secret} `, code: `${secret} ` }),
  ],
  ['in the stack', printable, (secret) => Object.assign(new Error('no'), { stack: secret })],
  [
    'in the output of a result',
    bare,
    (secret) => ({ status: 'fail', output: `key ${secret}`, extra: secret, observedValue: secret }),
  ],
];

test.each(hiding)('a secret %s appears in no body', async (_name, secrets, hide) => {
  await fc.assert(
    fc.asyncProperty(secrets, fc.boolean(), async (secret, isThrown) => {
      const value = hide(secret);
      const run = () => (isThrown || !(value as { status?: string }).status ? Promise.reject(value) : value);
      const { ask, health } = await createRunningHealth({ checks: { a: { run, critical: true }, b: run } });
      for (const probe of ['live', 'startup', 'ready', 'health'] as const) {
        for (const detail of [false, true]) expect((await ask(probe, { detail })).body).not.toContain(secret);
      }
      expect(JSON.stringify(health.report())).not.toContain(secret);
      health.close();
    }),
    { numRuns: 60 },
  );
});

test('redaction takes any text and any thrown string', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 3_000 }), (text) => {
      expect(redactText(text).length).toBeLessThanOrEqual(200);
      expect(redactThrown(text).length).toBeLessThanOrEqual(200);
    }),
  );
});
