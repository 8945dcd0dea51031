import { isError } from './is-error.js';
import type { Log } from './log.js';

/** Where every exception of our own ends: counted, logged once per place, never thrown into the application. */
export interface Faults {
  /** Takes what was caught at `place`, a fixed name such as 'server.begin'. Never throws. */
  caught(place: string, error: unknown): void;
  readonly count: number;
  /** False once a place has failed so often that its seam should turn itself off. */
  isUsable(place: string): boolean;
}

const maxFaultsPerPlace = 100;

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
      if (count === maxFaultsPerPlace) log.warn(`${place} failed ${count} times and is off from now on`);
    },
    isUsable: (place) => (counts.get(place) ?? 0) < maxFaultsPerPlace,
  };
}

function textOf(error: unknown): string {
  try {
    return isError(error) ? (error.stack ?? error.message) : String(error);
  } catch {
    return 'unprintable';
  }
}
