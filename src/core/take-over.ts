import { channel } from 'node:diagnostics_channel';

const takenKey = Symbol.for('golden-signals.taken');

interface Shared {
  [takenKey]?: Map<string, () => void>;
}

/**
 * Subscribes to something that belongs to the whole process, `shared`, on behalf of this copy of the library; `place` is a fixed name.
 * What another copy has subscribed there ends, as in {@link patch}: a test runner leaves one behind with every file. Returns how to leave it.
 */
export function takeOver(shared: object, place: string, subscribe: () => () => void): () => void {
  const holder = shared as Shared;
  if (holder[takenKey] === undefined) Object.defineProperty(holder, takenKey, { value: new Map() });
  const taken = holder[takenKey] as Map<string, () => void>;
  taken.get(place)?.();
  const end = subscribe();
  taken.set(place, end);
  return () => {
    if (taken.get(place) === end) taken.delete(place);
    end();
  };
}

/** The same for a diagnostics channel. */
export function takeChannel(name: string, place: string, onMessage: (message: unknown) => void): () => void {
  const subject = channel(name);
  return takeOver(subject, place, () => {
    subject.subscribe(onMessage);
    return () => void subject.unsubscribe(onMessage);
  });
}
