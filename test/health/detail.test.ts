import type { IncomingMessage } from 'node:http';
import { expect, test, vi } from 'vitest';
import { mayShowDetail } from '../../src/health/detail.js';
import { settled } from '../support/fake-clock.js';

const request = {} as IncomingMessage;
const guardedBy = (authorize: unknown) =>
  mayShowDetail({ detail: 'never', authorize: authorize as () => boolean }, request);

test('detail is for everybody if it is always on, and then nobody is asked', () => {
  const authorize = vi.fn(() => false);
  expect(mayShowDetail({ detail: 'always', authorize }, request)).toBe(true);
  expect(authorize).not.toHaveBeenCalled();
});

test('detail is for nobody if it is never on', () => {
  expect(mayShowDetail({ detail: 'never', authorize: undefined }, request)).toBe(false);
});

test.each<[string, unknown, boolean]>([
  ['true', () => true, true],
  ['false', () => false, false],
  ['1', () => 1, false],
  ['an object', () => ({}), false],
  ['null', () => null, false],
  ['nothing', () => {}, false],
  ['a promise of true', async () => true, false],
])('an authorize that returns %s', (_name, authorize, expected) => {
  expect(guardedBy(authorize)).toBe(expected);
});

test('an authorize that throws or rejects is a no, and nothing escapes', async ({ onTestFinished }) => {
  const escaped = vi.fn();
  process.on('unhandledRejection', escaped);
  onTestFinished(() => void process.off('unhandledRejection', escaped));
  const fail = () => {
    throw undefined;
  };
  expect(guardedBy(fail)).toBe(false);
  expect(guardedBy(async () => fail())).toBe(false);
  await settled();
  expect(escaped).not.toHaveBeenCalled();
});
