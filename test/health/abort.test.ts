import { addAbortListener, once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { createContainedAbort } from '../../src/health/abort.js';
import { settled } from '../support/fake-clock.js';

test('nothing that an abort listener throws or rejects with leaves it', async ({ onTestFinished }) => {
  const escaped: unknown[] = [];
  const note = (error: unknown) => void escaped.push(error);
  process.on('uncaughtException', note).on('unhandledRejection', note);
  onTestFinished(() => void process.off('uncaughtException', note).off('unhandledRejection', note));
  const { signal, abort } = createContainedAbort();
  const fail = () => {
    throw new Error('in a listener');
  };
  signal.addEventListener('abort', fail);
  signal.addEventListener('abort', async () => fail());
  signal.addEventListener('abort', { handleEvent: fail });
  addAbortListener(signal, fail);
  signal.onabort = fail;
  abort('late');
  await settled();
  expect(escaped).toEqual([]);
  expect(signal.reason).toBe('late');
});

test('listeners run with their event, once each, and can be removed', () => {
  const { signal, abort } = createContainedAbort();
  const kept = vi.fn();
  const removed = vi.fn();
  const replaced = vi.fn();
  const handler = vi.fn();
  signal.addEventListener('abort', kept, { once: true });
  signal.addEventListener('abort', kept);
  signal.addEventListener('abort', removed);
  signal.removeEventListener('abort', removed);
  signal.onabort = replaced;
  signal.onabort = handler;
  abort(undefined);
  expect(kept).toHaveBeenCalledOnce();
  expect(kept.mock.calls[0]?.[0]).toMatchObject({ type: 'abort', target: signal });
  expect(removed).not.toHaveBeenCalled();
  expect(replaced).not.toHaveBeenCalled();
  expect(handler).toHaveBeenCalledOnce();
  expect(signal.onabort).toBe(handler);
});

test('the signal is a real one, as platform functions insist', async () => {
  const { signal, abort } = createContainedAbort();
  const fetching = fetch('http://127.0.0.1:9/', { signal });
  const waiting = once(new EventTarget() as never, 'x', { signal });
  const any = AbortSignal.any([signal]);
  abort(new Error('enough'));
  await expect(fetching).rejects.toThrow('enough');
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  expect(any.aborted).toBe(true);
});
