import { expect, test } from 'vitest';
import { consoleFor, type Started } from './support/console.js';
import { spansRequest } from './support/spans.js';

const minute = 60_000;

interface Happening {
  readonly kind: string;
  readonly instance: string;
}

async function seen(running: Started, instance: string, version = 'v1', more = {}): Promise<void> {
  await running.send(
    'traces',
    spansRequest('order', [{ id: 'a', start: Date.now(), ms: 1, kind: 2 }], {
      instance,
      'service.version': version,
      ...more,
    }),
  );
}

async function kindsOf(running: Started): Promise<string[]> {
  const { happenings } = await running.ask<{ happenings: Happening[] }>('/api/states?window=1h');
  return happenings.map(({ kind, instance }) => `${kind} ${instance}`);
}

test('an instance in place of one that is gone is a restart, one beside it is a start', async () => {
  let nowMs = Date.now();
  const running = await consoleFor({ now: () => nowMs });
  await seen(running, 'a');
  nowMs += 1_000;
  await seen(running, 'b');
  await seen(running, 'a');
  nowMs += minute;
  await seen(running, 'b');
  nowMs += 1;
  await seen(running, 'c');
  nowMs += 1;
  await seen(running, 'd');
  expect(await kindsOf(running)).toEqual(['start a', 'start b', 'restart c', 'start d']);
  const { services } = await running.ask<{
    services: { restarts: { kind: string }[]; instances: Happening[] }[];
  }>('/api/services?window=30s');
  expect(services[0]?.restarts.map(({ kind }) => kind)).toEqual(['restart']);
  expect(services[0]?.instances.map(({ instance }) => instance)).toEqual(['d', 'c', 'b']);
});

test('a new version is a deploy, and further attributes of the same instance are nothing', async () => {
  const running = await consoleFor();
  await seen(running, 'a');
  await seen(running, 'a', 'v1', { 'host.name': 'h' });
  await seen(running, 'b', 'v2');
  expect(await kindsOf(running)).toEqual(['start a', 'deploy b']);
});

test('an instance says since when it is up, and when it was heard of last', async () => {
  const nowMs = Date.now();
  const running = await consoleFor({ now: () => nowMs });
  const startedMs = nowMs - minute;
  await seen(running, 'a', 'v1', { 'process.creation.time': new Date(startedMs).toISOString() });
  const { services } = await running.ask<{ services: { instances: unknown[] }[] }>('/api/services');
  expect(services[0]?.instances).toMatchObject([
    { instance: 'a', version: 'v1', upSinceMs: startedMs, firstSeenMs: nowMs, lastSeenMs: nowMs },
  ]);
});
