import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Events } from '../../src/console/questions/events.js';

/** A page that reads, or does not. */
function page(lastEventId?: number) {
  const response = Object.assign(new EventEmitter(), {
    text: '',
    isSlow: false,
    writableLength: 0,
    writeHead: () => undefined,
    end: () => undefined,
    write(chunk: string) {
      this.text += chunk;
      if (this.isSlow) this.writableLength += chunk.length;
      return !this.isSlow;
    },
  });
  const request = { headers: lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) } };
  return {
    request: request as unknown as IncomingMessage,
    response,
    as: response as unknown as ServerResponse,
  };
}

function events(): Events {
  vi.useFakeTimers();
  const made = new Events();
  onTestFinished(() => {
    made.close();
    vi.useRealTimers();
  });
  return made;
}

const eventsIn = (text: string) =>
  [...text.matchAll(/event: (\w+)\ndata: (.*)/g)].map(([, kind, data]) => [kind, JSON.parse(data ?? '')]);

test('at most four updates a second, the newest in place of those before', () => {
  const made = events();
  const { request, response, as } = page();
  made.listen(request, as);
  for (let count = 0; count < 100; count += 1) {
    made.update('changed', { count });
    vi.advanceTimersByTime(10);
  }
  vi.advanceTimersByTime(250);
  const counts = eventsIn(response.text).filter(([kind]) => kind === 'changed');
  expect(counts.length).toBeLessThanOrEqual(5);
  expect(counts.at(-1)?.[1]).toEqual({ count: 99 });
});

test('what may not be left out is not', () => {
  const made = events();
  const { request, response, as } = page();
  made.listen(request, as);
  for (let count = 0; count < 5; count += 1) made.tell('alert', { count });
  vi.advanceTimersByTime(250);
  expect(eventsIn(response.text).filter(([kind]) => kind === 'alert')).toHaveLength(5);
});

test('a page that comes back goes on after the last event that it had', () => {
  const made = events();
  for (let count = 0; count < 5; count += 1) made.tell('alert', { count });
  const { request, response, as } = page(3);
  made.listen(request, as);
  expect(
    eventsIn(response.text)
      .filter(([kind]) => kind === 'alert')
      .map(([, data]) => data.count),
  ).toEqual([3, 4]);
});

test('a page that reads too slowly learns what it has missed, and keeps nothing in memory', () => {
  const made = events();
  const { request, response, as } = page();
  made.listen(request, as);
  response.isSlow = true;
  const note = 'x'.repeat(10_000);
  for (let count = 0; count < 2_000; count += 1) {
    made.tell('alert', { count, note });
    if (count % 100 === 0) vi.advanceTimersByTime(250);
  }
  vi.advanceTimersByTime(250);
  expect(response.writableLength).toBeLessThan(1_000_000);
  response.isSlow = false;
  response.writableLength = 0;
  const before = response.text.length;
  response.emit('drain');
  const later = eventsIn(response.text.slice(before));
  expect(later[0]?.[0]).toBe('gap');
  expect(later[0]?.[1].missed).toBeGreaterThan(0);
  expect(later.at(-1)?.[1].count).toBe(1_999);
});

test('a page of another console, or from before a restart, learns so', () => {
  const made = events();
  const { request, response, as } = page(77);
  made.listen(request, as);
  expect(eventsIn(response.text)).toContainEqual(['gap', { missed: null }]);
});

test('too many pages are refused', () => {
  const made = events();
  const taken = Array.from({ length: 60 }, () => {
    const { request, as } = page();
    return made.listen(request, as);
  });
  expect(taken.filter(Boolean)).toHaveLength(50);
});
