import { expect, test } from 'vitest';
import { sortRows } from '../../src/page/parts/sort-rows.js';

const rows = [{ v: 3 }, { v: null }, { v: 10 }, { v: 1 }];

test('rows without a value come last in both directions', () => {
  const by = ({ v }: { v: number | null }) => v;
  expect(sortRows(rows, by, false).map(by)).toEqual([1, 3, 10, null]);
  expect(sortRows(rows, by, true).map(by)).toEqual([10, 3, 1, null]);
});

test('names sort by the numbers in them', () => {
  const names = ['b-10', 'b-9', 'a'];
  expect(sortRows(names, (name) => name, false)).toEqual(['a', 'b-9', 'b-10']);
});

test('a table without an order leaves rows as they come', () => {
  expect(sortRows(rows, undefined, false)).toBe(rows);
});
