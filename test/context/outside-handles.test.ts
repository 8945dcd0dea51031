import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { expect, test, vi } from 'vitest';

test('leaves nothing open for those who watch async_hooks, as jest --detectOpenHandles does, and still runs outside', async () => {
  const open = new Map<number, string>();
  const hook = createHook({
    init: (id, type) => void open.set(id, type),
    destroy: (id) => void open.delete(id),
  });
  vi.resetModules();
  hook.enable();
  const { runOutside } = await import('../../src/context/outside.js');
  // The destruction of a resource is told in a later turn.
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  hook.disable();
  expect([...open.values()]).not.toContain('golden-signals');
  const storage = new AsyncLocalStorage<string>();
  expect(storage.run('inside', () => runOutside(() => storage.getStore()))).toBeUndefined();
});
