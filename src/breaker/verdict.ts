import type { BreakerConfig } from './options.js';
import type { Window } from './window.js';

/** What opens a closed circuit, if these calls do. Reaching a ratio is enough, and a success may be the call that completes it. */
export function tripOf(window: Window, config: BreakerConfig): 'failure-ratio' | 'slow-ratio' | undefined {
  if (window.calls < config.minimumCalls) return undefined;
  // Divided, not multiplied: 7 of 100 reaches 0.07, but 0.07 * 100 is above 7.
  if (window.failures / window.calls >= config.failureRatio) return 'failure-ratio';
  if (config.slowCallMs !== undefined && window.slow / window.calls >= config.slowRatio) return 'slow-ratio';
  return undefined;
}

/**
 * What the probes of a half-open circuit have decided, by the same ratios as a closed one's calls, and as soon as the results still to
 * come cannot change it (Failsafe).
 */
export function decisionOf(
  window: Window,
  probes: number,
  config: BreakerConfig,
): 'probes-failed' | 'slow-ratio' | 'probes-passed' | undefined {
  const { failureRatio, slowCallMs, slowRatio } = config;
  const toCome = probes - window.calls;
  if (window.failures / probes >= failureRatio) return 'probes-failed';
  if (slowCallMs !== undefined && window.slow / probes >= slowRatio) return 'slow-ratio';
  if ((window.failures + toCome) / probes >= failureRatio) return undefined;
  if (slowCallMs !== undefined && (window.slow + toCome) / probes >= slowRatio) return undefined;
  return 'probes-passed';
}

/** How long a circuit stays open that opened for the `attempt`th time in a row, without jitter. */
export function backOffMs(attempt: number, config: BreakerConfig): number {
  return Math.min(config.openMs * 2 ** (attempt - 1), config.maxOpenMs);
}
