import { createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { activeContext, contextManager, runInContext } from '../../src/context/storage.js';

const key = createContextKey('test');
const inner = ROOT_CONTEXT.setValue(key, 'inner');

test('outside of any context the API is given its own root, also by what goes back there', () => {
  const outside = activeContext();
  expect(contextManager.active()).toBe(ROOT_CONTEXT);

  const seen = contextManager.with(inner, () => [
    contextManager.active(),
    runInContext(outside, () => contextManager.active(), undefined),
    runInContext(ROOT_CONTEXT, () => contextManager.active(), undefined),
  ]);

  expect(seen[0]).toBe(inner);
  expect(seen[1]).toBe(ROOT_CONTEXT);
  expect(seen[2]).toBe(ROOT_CONTEXT);
});

test('the root holds nothing, and what is put on it is a context of its own', () => {
  const root = activeContext();
  const more = root.setValue(key, 1);

  expect([root.getValue(key), more.getValue(key)]).toEqual([undefined, 1]);
  expect(root.deleteValue(key).getValue(key)).toBeUndefined();
  expect([more.deleteValue(key).getValue(key), more.getValue(key)]).toEqual([undefined, 1]);
});

test('a context that is attached is active until it is disposed of, also after an await', async () => {
  await contextManager.with(inner, async () => {
    await Promise.resolve();
    const token = contextManager.attach?.(ROOT_CONTEXT.setValue(key, 'attached'));
    expect(activeContext().getValue(key)).toBe('attached');
    await Promise.resolve();
    expect(activeContext().getValue(key)).toBe('attached');
    token?.dispose();
    expect(contextManager.active()).toBe(inner);
    token?.dispose();
    expect(contextManager.active()).toBe(inner);
  });
  expect(contextManager.active()).toBe(ROOT_CONTEXT);
});

test('a context that is attached outside of any leaves the root behind', async () => {
  await Promise.resolve();
  const token = contextManager.attach?.(inner);
  expect(contextManager.active()).toBe(inner);
  token?.dispose();
  expect(contextManager.active()).toBe(ROOT_CONTEXT);
});
