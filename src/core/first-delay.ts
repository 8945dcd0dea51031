/** A service that has just started is looked for at once. */
const soonMs = 1_000;

/**
 * How long spans, log records or metrics wait for the first export of a process, in milliseconds: as long as for every other one where the
 * user has set that delay, else a second at most.
 */
export function firstDelayMs(delayMs: number, isSet: boolean): number {
  return isSet ? delayMs : Math.min(delayMs, soonMs);
}
