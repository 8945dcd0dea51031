export interface ManualTime {
  /** Milliseconds since the epoch. */
  now(): number;
  readonly timers: { set(run: () => void, delayMs: number): unknown; clear(timer: unknown): void };
  pass(ms: number): Promise<void>;
}

export function createManualTime(startMs: number): ManualTime;
