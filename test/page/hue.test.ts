import { expect, test } from 'vitest';
import { HueTable } from '../../src/page/parts/hue.js';

const names = Array.from({ length: 50 }, (_one, index) => `service-${index}`);
const none = new Map<string, ReadonlySet<string>>();

test('a service has the hue of its name, in whatever order services are learned', () => {
  const one = new HueTable();
  const other = new HueTable();
  one.add(names, none);
  other.add([...names].reverse(), none);
  expect(names.map((name) => one.of(name))).toEqual(names.map((name) => other.of(name)));
});

test('a service keeps its hue when others come', () => {
  const table = new HueTable();
  table.add(names.slice(0, 5), none);
  const before = names.slice(0, 5).map((name) => table.of(name));
  table.add(names, none);
  expect(names.slice(0, 5).map((name) => table.of(name))).toEqual(before);
});

test('twelve services have twelve hues', () => {
  const table = new HueTable();
  table.add(names.slice(0, 12), none);
  expect(new Set(names.slice(0, 12).map((name) => table.of(name))).size).toBe(12);
});

test('neighbours in the map never share a hue, with fifty services', () => {
  const neighbours = new Map<string, Set<string>>();
  const add = (a: string, b: string) => neighbours.set(a, (neighbours.get(a) ?? new Set()).add(b));
  const pairs: [string, string][] = names.flatMap((name, index) =>
    [1, 7, 12].map((step): [string, string] => [name, names[(index + step) % names.length] as string]),
  );
  for (const [a, b] of pairs) {
    add(a, b);
    add(b, a);
  }
  const table = new HueTable();
  table.add(names, neighbours);
  for (const [a, b] of pairs) expect(table.of(a), `${a} ${b}`).not.toBe(table.of(b));
});
