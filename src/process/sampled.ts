import type { Clock } from '../core/clock.js';

/** However many readers ask, what costs something to find out is found out so often at most. */
const sampleAgeMs = 1_000;

/** The last finding, made anew once it is a second old; undefined while there is nothing to find. */
export function createSampled<T>(
  read: () => T | undefined,
  { clock, onFault }: { readonly clock: Clock; readonly onFault: (error: unknown) => void },
): () => T | undefined {
  let readAt = Number.NEGATIVE_INFINITY;
  let last: T | undefined;
  return () => {
    const now = clock.now();
    if (now - readAt < sampleAgeMs) return last;
    readAt = now;
    try {
      last = read();
    } catch (error) {
      last = undefined;
      onFault(error);
    }
    return last;
  };
}
