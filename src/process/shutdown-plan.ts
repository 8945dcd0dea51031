import type { EndTimes, ShutdownConfig } from './shutdown-options.js';

/** What ends a service: a signal to the process, the application itself, or an uncaught exception. */
export type Trigger =
  | {
      readonly kind: 'signal';
      readonly signal: NodeJS.Signals;
      readonly isFromTerminal: boolean;
      /** The application has a handler of its own for it, which decides when the process ends. */
      readonly isBeside: boolean;
    }
  | { readonly kind: 'call' }
  | { readonly kind: 'crash' };

/** How long each step of one shutdown may take, in milliseconds. */
export interface ShutdownPlan {
  readonly delayMs: number;
  /** From the end of the delay on. */
  readonly drainMs: number;
  readonly hooksMs: number;
  readonly flushMs: number;
}

/** Of hooks, of the flush, and of the requests that a crash lets finish. */
const stepMs = 2_000;
const stepShare = 0.2;
const marginMs = 1_000;
const marginShare = 0.04;

/** Which of the times of a service apply. */
export function timesOf({ times }: ShutdownConfig, trigger: Trigger): EndTimes {
  if (trigger.kind === 'call') return times.call;
  if (trigger.kind === 'crash') return times.signal;
  if (!trigger.isFromTerminal) return trigger.isBeside ? times.beside : times.signal;
  return trigger.isBeside ? { ...times.terminal, budgetMs: times.beside.budgetMs } : times.terminal;
}

/**
 * Fits the steps into the budget: what a short budget cannot hold is taken from the delay and the drain, so that the last spans still
 * get out before the hard deadline.
 */
export function planOf(config: ShutdownConfig, trigger: Trigger): ShutdownPlan {
  const { delayMs, drainTimeoutMs, budgetMs } = timesOf(config, trigger);
  const flushMs = Math.min(stepMs, budgetMs * stepShare);
  if (trigger.kind === 'crash') {
    return { delayMs: 0, drainMs: Math.min(flushMs, drainTimeoutMs), hooksMs: 0, flushMs };
  }
  const hooksMs = config.onShutdown.length > 0 ? flushMs : 0;
  const remainingMs = budgetMs - hooksMs - flushMs - Math.min(marginMs, budgetMs * marginShare);
  const fitDelayMs = Math.min(delayMs, remainingMs);
  return {
    delayMs: fitDelayMs,
    drainMs: Math.min(drainTimeoutMs, remainingMs - fitDelayMs),
    hooksMs,
    flushMs,
  };
}
