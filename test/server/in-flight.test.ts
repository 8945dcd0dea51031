import { EventEmitter } from 'node:events';
import { type IncomingMessage, ServerResponse } from 'node:http';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { followIgnored } from '../../src/server/ignored-request.js';
import { InFlight, type Underway } from '../../src/server/in-flight.js';
import { watchMessages } from '../../src/server/message-events.js';

/** A request whose connection says when it is destroyed. */
function underway(): Underway & { readonly destroyed: ReturnType<typeof vi.fn> } {
  const destroyed = vi.fn();
  const req = { httpVersionMajor: 1, socket: { destroy: destroyed } } as unknown as IncomingMessage;
  const res = { req, headersSent: true } as unknown as ServerResponse;
  return { req, res, previous: undefined, next: undefined, destroyed };
}

test('knows those under way, whatever the order in which they come and go', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 9 }), { maxLength: 60 }), (steps) => {
      const inFlight = new InFlight();
      const all = Array.from({ length: 10 }, underway);
      const present = new Set<ReturnType<typeof underway>>();
      for (const step of steps) {
        const request = all[step] as ReturnType<typeof underway>;
        if (present.delete(request)) inFlight.remove(request);
        else {
          present.add(request);
          inFlight.add(request);
        }
        expect(inFlight.count).toBe(present.size);
      }
      inFlight.destroy();
      for (const request of all)
        expect(request.destroyed).toHaveBeenCalledTimes(present.has(request) ? 1 : 0);
    }),
  );
});

test('says so each time that one goes', () => {
  const inFlight = new InFlight();
  const request = underway();
  inFlight.onChange = vi.fn();

  inFlight.add(request);
  expect(inFlight.onChange).not.toHaveBeenCalled();
  inFlight.remove(request);

  expect(inFlight.onChange).toHaveBeenCalledTimes(1);
});

test('follows one that nobody else does until its response closes, however often that is said', () => {
  const inFlight = new InFlight();
  const req = new EventEmitter() as IncomingMessage;
  const res = new ServerResponse(req);

  watchMessages();
  followIgnored(inFlight, req, res, undefined);
  expect(inFlight.count).toBe(1);
  res.emit('close');
  res.emit('close');

  expect(inFlight.count).toBe(0);
});
