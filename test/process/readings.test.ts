import { describe, expect, test } from 'vitest';
import { createNamedReadings, createReadings } from '../../src/process/readings.js';
import { createSampled } from '../../src/process/sampled.js';
import { createFakeClock } from '../support/fake-clock.js';

const numbers = (series: ReturnType<typeof createReadings>) =>
  [...series].map(({ attributes, value }) => [...Object.values(attributes), value.value]);

describe('readings', () => {
  test('are read when they are collected, and are the same series each time', () => {
    let number = 1;
    const series = createReadings([[{ of: 'a' }, () => number]]);
    const [first] = series;
    number = 2;
    expect(numbers(series)).toEqual([['a', 2]]);
    expect([...series][0]).toBe(first);
  });

  test.each([undefined, Number.NaN, Number.POSITIVE_INFINITY])(
    'are left out where the number is %s',
    (number) => {
      const series = createReadings([
        [{ of: 'a' }, () => number],
        [{ of: 'b' }, () => 0],
      ]);
      expect(numbers(series)).toEqual([['b', 0]]);
    },
  );

  test('by name are 0 once the name is gone', () => {
    let found: Map<string, number> | undefined = new Map([['Timeout', 3]]);
    const series = createNamedReadings('type', () => found);
    expect(numbers(series)).toEqual([['Timeout', 3]]);
    found = new Map([['TCPWrap', 1]]);
    expect(numbers(series)).toEqual([
      ['Timeout', 0],
      ['TCPWrap', 1],
    ]);
    found = undefined;
    expect(numbers(series)).toEqual([]);
  });

  test('by name are a hundred at most', () => {
    const found = new Map(Array.from({ length: 150 }, (_, i) => [`n${i}`, i]));
    expect(numbers(createNamedReadings('type', () => found))).toHaveLength(100);
  });
});

describe('what is sampled', () => {
  function create(read: () => number | undefined) {
    const clock = createFakeClock();
    const faults: unknown[] = [];
    return { clock, faults, sampled: createSampled(read, { clock, onFault: (error) => faults.push(error) }) };
  }

  test('is found out once a second, however often it is asked for', () => {
    let reads = 0;
    const { clock, sampled } = create(() => ++reads);
    expect([sampled(), sampled()]).toEqual([1, 1]);
    clock.advanceNow(999);
    expect(sampled()).toBe(1);
    clock.advanceNow(1);
    expect(sampled()).toBe(2);
  });

  test('is undefined while finding out fails, and that is said once a second', () => {
    const error = new Error('no');
    const { clock, sampled, faults } = create(() => {
      throw error;
    });
    expect([sampled(), sampled()]).toEqual([undefined, undefined]);
    expect(faults).toEqual([error]);
    clock.advanceNow(1_000);
    expect(sampled()).toBeUndefined();
    expect(faults).toEqual([error, error]);
  });
});
