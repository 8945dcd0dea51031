import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';

/** `v8js.gc.type` of the semantic conventions. */
export type GcType = 'major' | 'minor' | 'incremental' | 'weakcb';

export const gcTypes: readonly GcType[] = ['major', 'minor', 'incremental', 'weakcb'];

const typeOf: Readonly<Record<number, GcType>> = {
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakcb',
};

/** Called for each garbage collection with its type and its duration in seconds. */
export type GcListener = (type: GcType, seconds: number) => void;

const listeners = new Set<GcListener>();
let observer: PerformanceObserver | undefined;

/**
 * Calls `listener` for each garbage collection of this process, until the function returned is called. All listeners share one observer:
 * Node makes an object per collection and observer.
 */
export function observeGc(listener: GcListener): () => void {
  listeners.add(listener);
  if (observer === undefined) {
    observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) notify(entry);
    });
    observer.observe({ entryTypes: ['gc'] });
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    observer?.disconnect();
    observer = undefined;
  };
}

function notify(entry: PerformanceEntry): void {
  const { kind } = (entry as { detail?: { kind?: number } }).detail ?? {};
  const type = kind === undefined ? undefined : typeOf[kind];
  if (type === undefined) return;
  for (const listener of listeners) listener(type, entry.duration / 1_000);
}
