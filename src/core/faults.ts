import { isError } from './is-error.js';
import type { Log } from './log.js';

/** Where every exception of our own ends: counted, logged once per place, never thrown into the application. */
export interface Faults {
  /** Takes what was caught at `place`, a fixed name such as 'server.begin'. Never throws. */
  caught(place: string, error: unknown): void;
  readonly count: number;
}

// So many of one place are more than one strange request: it is said once more. Nothing is given up for it.
const manyFaults = 100;

export function createFaults(log: Log): Faults {
  const counts = new Map<string, number>();
  let total = 0;
  return {
    get count() {
      return total;
    },
    caught(place, error) {
      total += 1;
      const count = (counts.get(place) ?? 0) + 1;
      counts.set(place, count);
      if (count === 1)
        log.warn(`internal error in ${place}, the application goes on without it: ${textOf(error)}`);
      if (count === manyFaults)
        log.warn(`${place} has failed ${count} times; the application goes on without it each time`);
    },
  };
}

function textOf(error: unknown): string {
  try {
    return isError(error) ? (error.stack ?? error.message) : String(error);
  } catch {
    return 'unprintable';
  }
}
