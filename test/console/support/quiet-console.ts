import type { ConsoleOptions } from '../../../src/console/options.js';
import { consoleFor, type Started } from './console.js';

export interface QuietConsole extends Started {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Lets so much time pass, with all evaluations of rules that fall due in it. */
  pass(ms: number): Promise<void>;
}

/** A console whose clock and timers move only when told to. */
export async function quietConsole(given: Partial<ConsoleOptions> = {}): Promise<QuietConsole> {
  const { createManualTime } = await import('../../../bench/console/manual-time.mjs');
  const { now, timers, pass } = createManualTime(Date.UTC(2026, 10, 30, 12));
  const running = await consoleFor({ maxForMs: 5_000, now, timers, ...given });
  return { ...running, now, pass };
}
