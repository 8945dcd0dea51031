import type { ShutdownConfig } from './shutdown-options.js';

/** What ends a service: a signal to the process, the application itself, or an exception that nobody caught. */
export type Trigger =
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals; readonly isFromTerminal: boolean }
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

/**
 * Fits the steps into the budget: what a short budget cannot hold is taken from the delay and the drain, so that the last spans still
 * get out before the hard deadline.
 * @see health.md, section 6
 */
export function planOf(config: ShutdownConfig, trigger: Trigger): ShutdownPlan {
  const { budgetMs } = config;
  const hooksMs = Math.min(stepMs, budgetMs * stepShare);
  const flushMs = hooksMs;
  if (trigger.kind === 'crash') {
    const drainMs = Math.min(stepMs, config.drainTimeoutMs, budgetMs * stepShare);
    return { delayMs: 0, drainMs, hooksMs: 0, flushMs };
  }
  const remainingMs = budgetMs - hooksMs - flushMs - Math.min(marginMs, budgetMs * marginShare);
  const delayMs = Math.min(delayOf(config, trigger), remainingMs);
  return { delayMs, drainMs: Math.min(config.drainTimeoutMs, remainingMs - delayMs), hooksMs, flushMs };
}

function delayOf(
  { signalDelayMs, callDelayMs }: ShutdownConfig,
  trigger: Exclude<Trigger, { kind: 'crash' }>,
): number {
  if (trigger.kind === 'call') return callDelayMs;
  // Somebody sits there and waits, and no balancer does.
  return trigger.isFromTerminal ? 0 : signalDelayMs;
}
