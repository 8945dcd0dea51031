import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { ServerList } from '../../src/server/server-list.js';

test('a list of servers holds each once, in order', () => {
  const list = new ServerList();
  const [one, two] = [new EventEmitter(), new EventEmitter()];
  for (const server of [one, two, one]) list.add(server);
  expect([...list]).toEqual([one, two]);
});

test('a list of servers keeps none of them alive, and does not grow with those that are gone', async () => {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) {
    const v8 = await import('node:v8');
    const vm = await import('node:vm');
    v8.setFlagsFromString('--expose-gc');
    Object.assign(globalThis, { gc: vm.runInNewContext('gc') });
  }
  const collect = async () => {
    // A reference that was looked at lives until the end of the turn.
    await new Promise((resolve) => setImmediate(resolve));
    (globalThis as unknown as { gc(): void }).gc();
  };
  const list = new ServerList();
  const kept = new EventEmitter();
  list.add(kept);
  for (let round = 0; round < 20; round += 1) {
    for (let index = 0; index < 50; index += 1) list.add(new EventEmitter());
    await collect();
  }
  expect([...list]).toContain(kept);
  expect(list.size).toBeLessThan(300);
});
