import type { ConsoleOptions } from '../../../src/console/options.js';
import { consoleFor, type Started } from './console.js';

interface Due {
  readonly atMs: number;
  readonly run: () => void;
}

export interface QuietConsole extends Started {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Lets so much time pass, with all evaluations of rules that fall due in it. */
  pass(ms: number): Promise<void>;
}

/** The rules of a console are evaluated at whole multiples of it. */
const evaluationMs = 5_000;

/** A console whose clock and timers move only when told to. */
export async function quietConsole(given: Partial<ConsoleOptions> = {}): Promise<QuietConsole> {
  let nowMs = Date.UTC(2026, 10, 30, 12) + 1;
  const due = new Set<Due>();
  const running = await consoleFor({
    maxForMs: 5_000,
    now: () => nowMs,
    timers: {
      set(run, delayMs) {
        const timer = { atMs: nowMs + delayMs, run };
        due.add(timer);
        return timer;
      },
      clear: (timer) => void due.delete(timer as Due),
    },
    ...given,
  });
  return {
    ...running,
    now: () => nowMs,
    async pass(ms) {
      const untilMs = nowMs + ms;
      for (let next = firstOf(due, untilMs); next !== undefined; next = firstOf(due, untilMs)) {
        due.delete(next);
        // Timers are late, always. No other one is at a whole multiple then: the next evaluation is set once the last one has ended.
        nowMs = Math.max(nowMs, next.atMs + 1);
        next.run();
        while (![...due].some(({ atMs }) => atMs % evaluationMs === 0))
          await new Promise((resolve) => setImmediate(resolve));
      }
      nowMs = untilMs;
    },
  };
}

function firstOf(due: ReadonlySet<Due>, untilMs: number): Due | undefined {
  let first: Due | undefined;
  for (const timer of due)
    if (timer.atMs <= untilMs && (first === undefined || timer.atMs < first.atMs)) first = timer;
  return first;
}
