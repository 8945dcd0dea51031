import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';

/** Takes the outcomes of the exports of one signal to one destination. */
export interface Outage {
  failed(reason: string): void;
  succeeded(): void;
}

/** What is known of one destination. */
interface State {
  /** Signals whose last export failed. */
  readonly down: Set<string>;
  isSaid: boolean;
  saidAt: number;
}

const quietMs = 300_000;

const unanswered = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH)$|^no answer within/;

/**
 * Logs once that a destination does not accept our data, and once that it does again: one line for all signals that go there, and at most
 * one line in five minutes for a destination that comes and goes.
 */
export function createOutages(log: Log, clock: Clock): (signal: string, destination: string) => Outage {
  const states = new Map<string, State>();
  return (signal, destination) => {
    const state = states.get(destination) ?? {
      down: new Set(),
      isSaid: false,
      saidAt: Number.NEGATIVE_INFINITY,
    };
    states.set(destination, state);
    return {
      failed(reason) {
        const isNew = state.down.size === 0;
        state.down.add(signal);
        if (!isNew) return;
        state.isSaid = clock.now() - state.saidAt >= quietMs;
        if (!state.isSaid) return;
        state.saidAt = clock.now();
        log.warn(
          `telemetry cannot be exported to ${destination}${unanswered.test(reason) ? ', where nothing answers' : ''} (${signal}: ${reason}); it is dropped and counted until it can`,
        );
      },
      succeeded() {
        if (!state.down.delete(signal) || state.down.size > 0) return;
        if (state.isSaid) log.info(`telemetry is exported to ${destination} again`);
      },
    };
  };
}
