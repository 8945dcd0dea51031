import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';

/** Says once that a destination does not take our data, and once that it does again. */
export interface Outage {
  failed(reason: string): void;
  succeeded(): void;
}

const quietMs = 300_000;

/** One line for each outage; a destination that comes and goes gets one line in five minutes at most. */
export function createOutage(signal: string, destination: string, log: Log, clock: Clock): Outage {
  let isDown = false;
  let isSaid = false;
  let saidAt = Number.NEGATIVE_INFINITY;
  return {
    failed(reason) {
      if (isDown) return;
      isDown = true;
      isSaid = clock.now() - saidAt >= quietMs;
      if (!isSaid) return;
      saidAt = clock.now();
      log.warn(
        `${signal} cannot be exported to ${destination} (${reason}); they are dropped and counted until it answers`,
      );
    },
    succeeded() {
      if (isDown && isSaid) log.info(`${signal} are exported to ${destination} again`);
      isDown = false;
    },
  };
}
