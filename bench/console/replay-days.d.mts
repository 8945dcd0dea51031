export interface Reading {
  readonly hour: number;
  readonly bytes: number;
  readonly maxBytes: number;
  readonly received: number;
  readonly droppedSpans: number;
  readonly evidenceBytes: number;
  readonly seriesBytes: number;
  readonly evictedSeries: number;
  readonly missed: number;
  readonly alerts: number;
}

export function replayDays(given: {
  /** That of src/console/console.ts. */
  readonly startConsole: (options: never) => Promise<{ readonly endpoint: string; close(): Promise<void> }>;
  /** `rules` and `memoryBytes`. */
  readonly options: object;
  readonly hours: number;
  readonly everyHours?: number;
  /** Of each ten seconds. */
  readonly traces?: number;
  readonly memoryOf?: () => object;
  readonly onHour?: (reading: Reading) => void;
}): Promise<{
  readonly planned: number;
  readonly readings: readonly Reading[];
  readonly wrong: readonly string[];
  readonly said: readonly string[];
}>;
