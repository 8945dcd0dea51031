import { describe, expect, test } from 'vitest';
import type { BeatKind, HeartbeatOptions } from '../../src/process/heartbeat-options.js';
import { resolveHeartbeat } from '../../src/process/heartbeat-options.js';
import { type Ping, targetsOf } from '../../src/process/heartbeat-target.js';

const uuid = '5bf66975-d4c7-4bf5-bcc8-b8d8a82ea278';
const kinds: readonly BeatKind[] = ['alive', 'failing', 'shutdown', 'crash'];
const { signal } = new AbortController();

/** What each kind of beat sends, as 'METHOD URL body'; undefined where there is nothing to say. */
async function sent(options: HeartbeatOptions): Promise<Record<string, string | undefined>> {
  const said: Record<string, string | undefined> = {};
  for (const kind of kinds) {
    const pings: Ping[] = [];
    const [target] = targetsOf(resolveHeartbeat(options), async (ping) => {
      pings.push(ping);
      return 200;
    });
    await target?.send({ kind, signal });
    expect(target?.takes(kind)).toBe(pings.length === 1);
    const [ping] = pings;
    said[kind] = ping && [ping.method, ping.url.href, ping.body].filter(Boolean).join(' ');
  }
  return said;
}

describe('a beat', () => {
  test.each([
    `https://hc-ping.com/${uuid}`,
    'https://hc-ping.com/secretpingkey/nightly-job',
    `https://checks.example.org/ping/${uuid}`,
  ])('speaks the language of healthchecks.io to %s', async (url) => {
    expect(await sent({ url })).toEqual({
      alive: `GET ${url}`,
      failing: `GET ${url}/fail`,
      shutdown: `POST ${url}/log shutdown`,
      crash: `GET ${url}/fail`,
    });
  });

  test('keeps query and slash of a healthchecks URL where they belong', async () => {
    const { failing } = await sent({ url: `https://hc-ping.com/${uuid}/?rid=1` });
    expect(failing).toBe(`GET https://hc-ping.com/${uuid}/fail?rid=1`);
  });

  test('speaks the language of Uptime Kuma', async () => {
    const base = 'http://kuma:3001/sub/api/push/Kx3Ap8';
    expect(await sent({ url: `${base}?status=up&msg=OK&ping=` })).toEqual({
      alive: `GET ${base}?status=up&msg=OK&ping=`,
      failing: `GET ${base}?status=down&msg=failing&ping=`,
      shutdown: `GET ${base}?status=up&msg=shutdown&ping=`,
      crash: `GET ${base}?status=down&msg=crash&ping=`,
    });
  });

  test('asks any other URL only while all is well', async () => {
    const url = 'https://example.org/alive?service=orders';
    expect(await sent({ url })).toEqual({ alive: `GET ${url}` });
  });

  test('speaks what it is told to', async () => {
    const { failing } = await sent({ url: 'https://checks.example.org/ping/key/job', form: 'healthchecks' });
    expect(failing).toBe('GET https://checks.example.org/ping/key/job/fail');
    expect(await sent({ url: `https://hc-ping.com/${uuid}`, form: 'plain' })).toEqual({
      alive: `GET https://hc-ping.com/${uuid}`,
    });
  });

  test('goes to every URL and to the function', async () => {
    const got: unknown[] = [];
    const config = resolveHeartbeat({
      url: 'http://a.test/x',
      urls: ['http://b.test/y'],
      send: ({ kind }) => got.push(kind),
    });
    const targets = targetsOf(config, async ({ url }) => {
      got.push(url.href);
      return 204;
    });
    expect(targets.map(({ name }) => name)).toEqual(['http://a.test', 'http://b.test', 'heartbeat.send']);
    for (const target of targets) await target.send({ kind: 'alive', signal });
    expect(got).toEqual(['http://a.test/x', 'http://b.test/y', 'alive']);
  });

  test.each([
    [199, false],
    [200, undefined],
    [299, undefined],
    [301, false],
    [404, false],
    [408, true],
    [429, true],
    [503, true],
  ])('that is answered with %i is worth a retry: %s', async (status, isWorthARetry) => {
    const [target] = targetsOf(resolveHeartbeat({ url: 'http://a.test/x' }), async () => status);
    const outcome = target?.send({ kind: 'alive', signal });
    if (isWorthARetry === undefined) await expect(outcome).resolves.toBeUndefined();
    else
      await expect(outcome).rejects.toMatchObject({
        name: 'RefusedBeat',
        message: `status ${status}`,
        isWorthARetry,
      });
  });
});

describe('the options of the heartbeat', () => {
  test('have the defaults of the specification, and nobody to beat for', () => {
    expect(resolveHeartbeat()).toEqual({
      urls: [],
      send: undefined,
      form: 'auto',
      intervalMs: 30_000,
      timeoutMs: 5_000,
      retries: 2,
      progressWindowMs: undefined,
    });
  });

  test('hold the limit of hc-ping.com, and only there', () => {
    const url = `https://hc-ping.com/${uuid}`;
    expect(() => resolveHeartbeat({ url, intervalMs: 14_999 })).toThrow(
      'option heartbeat.intervalMs must be at least 15000 for hc-ping.com, got 14999',
    );
    expect(resolveHeartbeat({ url, intervalMs: 15_000 }).intervalMs).toBe(15_000);
    expect(resolveHeartbeat({ url: 'http://a.test/x', intervalMs: 1_000 }).intervalMs).toBe(1_000);
  });

  test.each<[string, unknown, string]>([
    ['an unknown name', { uri: 'x' }, 'option heartbeat.uri is unknown: did you mean url?'],
    ['a URL that is none', { url: 'token-1' }, 'option heartbeat.url must be an http or https URL'],
    ['another scheme', { url: 'ftp://a.test/x' }, 'option heartbeat.url must be an http or https URL'],
    ['a list that is none', { urls: 'http://a.test' }, 'option heartbeat.urls must be an array of URLs'],
    ['a wrong item', { urls: [5] }, 'option heartbeat.urls[0] must be an http or https URL, got 5'],
    ['a wrong form', { form: 'hc' }, 'option heartbeat.form must be one of'],
    ['a wrong interval', { intervalMs: 0 }, 'option heartbeat.intervalMs must be'],
    ['a wrong number of retries', { retries: -1 }, 'option heartbeat.retries must be'],
    ['a wrong function', { send: 1 }, 'option heartbeat.send must be a function'],
    ['a wrong window', { progressWindowMs: 0 }, 'option heartbeat.progressWindowMs must be'],
  ])('say what is wrong with %s', (_name, given, message) => {
    expect(() => resolveHeartbeat(given as HeartbeatOptions)).toThrow(message);
  });

  test('do not repeat a URL, which is a secret', () => {
    expect(() => resolveHeartbeat({ url: 'hc-ping.com/topsecret' })).toThrow(/^((?!topsecret).)*$/s);
  });
});
