import { runSuppressed } from '../context/suppressed.js';
import type { Timers } from '../core/timers.js';
import { reasonOf } from './failure.js';
import type { Exporter } from './otlp-exporter.js';

/** Exports once, outside of any request; gives why it failed, undefined when it did not. Never rejects. */
export function exportOnce<Items>(
  exporter: Exporter<Items>,
  items: Items,
  timeoutMs: number,
  timers: Timers,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const timer = timers.set(() => resolve(`no answer within ${timeoutMs} ms`), timeoutMs);
    const settle = (reason: string | undefined) => {
      timers.clear(timer);
      resolve(reason);
    };
    try {
      runSuppressed(() => {
        exporter.export(items, ({ code, error }) => settle(code === 0 ? undefined : reasonOf(error)));
      });
    } catch (error) {
      settle(reasonOf(error));
    }
  });
}
