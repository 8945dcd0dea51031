import { expect, test } from 'vitest';
import { Bulkhead } from '../../src/breaker/bulkhead.js';

test('there is room up to the limit, and again when somebody leaves', () => {
  const bulkhead = new Bulkhead(2);
  bulkhead.enter();
  expect(bulkhead.hasRoom).toBe(true);
  bulkhead.enter();
  expect(bulkhead.hasRoom).toBe(false);
  bulkhead.leave();
  expect([bulkhead.hasRoom, bulkhead.inFlight]).toEqual([true, 1]);
});

test('a limit that is lowered below what is under way leaves no room until enough have left', () => {
  const bulkhead = new Bulkhead(3);
  for (let i = 0; i < 3; i += 1) bulkhead.enter();
  bulkhead.limit = 1;
  bulkhead.leave();
  bulkhead.leave();
  expect(bulkhead.hasRoom).toBe(false);
  bulkhead.leave();
  expect(bulkhead.hasRoom).toBe(true);
});
