import { expect, test } from 'vitest';
import { Backlog, type Ended } from '../../src/core/backlog.js';
import { createFakeClock } from '../support/fake-clock.js';

function create() {
  const clock = createFakeClock();
  const backlog = new Backlog(clock);
  const done: number[] = [];
  let next = 0;
  const item = (): Ended => {
    next += 1;
    const name = next;
    return { account: () => void done.push(name) };
  };
  return { clock, backlog, done, add: () => backlog.add(item()), item };
}

test('what has ended is accounted for in its order, when it is asked for', () => {
  const { backlog, done, add, clock } = create();
  for (let index = 0; index < 3; index += 1) add();
  expect(done).toEqual([]);
  backlog.clear();
  expect(done).toEqual([1, 2, 3]);
  backlog.clear();
  clock.advanceNow(1_000);
  expect(done).toEqual([1, 2, 3]);
});

test('it waits for 100 ms at most, with one timer, and none is left when nothing waits', () => {
  const { clock, done, add } = create();
  add();
  clock.advanceNow(60);
  add();
  expect(clock.pending).toBe(1);
  clock.advanceNow(39);
  expect(done).toEqual([]);
  clock.advanceNow(1);
  expect(done).toEqual([1, 2]);
  expect(clock.pending).toBe(0);
});

test('it waits for 15 others at most', () => {
  const { done, add } = create();
  for (let index = 0; index < 100; index += 1) {
    add();
    expect(done.length).toBe(index + 1 - ((index + 1) % 16));
  }
  expect(done).toEqual(done.toSorted((a, b) => a - b));
});

test('what comes back while others are accounted for is neither lost nor taken twice', () => {
  const { backlog, done, item } = create();
  const again = (left: number): Ended => ({
    account() {
      done.push(100 + left);
      for (let index = 0; index < left; index += 1) backlog.add(item());
      if (left === 2) backlog.clear();
    },
  });
  for (let left = 0; left < 4; left += 1) backlog.add(again(left));
  backlog.clear();
  backlog.clear();
  expect(done.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 100, 101, 102, 103]);
});
