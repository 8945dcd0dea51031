import { signal } from '@preact/signals';

const tickMs = 1_000;

/** By how much the console's clock is ahead of the browser's. */
let aheadMs = 0;

/** The time of the console, in milliseconds since the epoch; it goes on once a second while the page is seen. */
export const nowMs = signal(Date.now());

/** Takes the time that the console has said. */
export function setConsoleTime(ms: number): void {
  aheadMs = ms - Date.now();
}

export function startClock(): void {
  setInterval(() => {
    if (document.visibilityState === 'visible') nowMs.value = Date.now() + aheadMs;
  }, tickMs);
}
