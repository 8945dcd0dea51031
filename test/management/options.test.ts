import { expect, test } from 'vitest';
import { resolveManagement } from '../../src/management/options.js';
import { resolveOptions } from '../../src/service/options.js';

test('management options have defaults that only this machine can reach', () => {
  const config = resolveManagement({ port: 9464 });
  expect(config).toEqual({ port: 9464, host: '127.0.0.1', thread: false });
  expect(Object.isFrozen(config)).toBe(true);
});

test.each([0, 65_535])('port %d is accepted', (port) => {
  expect(resolveManagement({ port }).port).toBe(port);
});

test.each<[unknown, RegExp]>([
  [{}, /management\.port must be a whole number/],
  [{ port: -1 }, /management\.port/],
  [{ port: 65_536 }, /management\.port must be a port from 0 to 65535, got 65536/],
  [{ port: '9464' }, /management\.port/],
  [{ port: 1, host: '' }, /management\.host/],
  [{ port: 1, thread: 'yes' }, /management\.thread/],
  [{ port: 1, treads: true }, /management\.treads is unknown: did you mean thread/],
  [9464, /management must be an object/],
])('%o is rejected', (given, message) => {
  expect(() => resolveManagement(given as never)).toThrow(message);
});

test('a limit to how long the main thread may stand still needs a thread that can tell', () => {
  const resolve = (management: object | undefined) =>
    resolveOptions({ health: { live: { maxStallMs: 5_000 } }, ...management }, {}, () => {});
  expect(() => resolve(undefined)).toThrow(
    /health\.live\.maxStallMs must be given together with management\.thread/,
  );
  expect(() => resolve({ management: { port: 0 } })).toThrow(/management\.thread/);
  expect(resolve({ management: { port: 0, thread: true } }).config.health?.maxStallMs).toBe(5_000);
});
