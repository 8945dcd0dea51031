import type { Cell } from '../signals/cell.js';

/** Rate, errors and durations of some requests. */
export interface Red {
  readonly count: number;
  /** Of a second. */
  readonly rate: number;
  readonly errors: number;
  /** In [0, 1]; null where nothing came. */
  readonly errorRatio: number | null;
  /** Milliseconds. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly meanMs: number | null;
  readonly maxMs: number | null;
  /** The traces of the slowest and of one that failed. */
  readonly slowest: string | undefined;
  readonly failed: string | undefined;
}

export function redOf(cell: Cell | undefined, overMs: number): Red {
  const count = cell?.count ?? 0;
  const errors = cell?.errors ?? 0;
  return {
    count,
    rate: count / (overMs / 1_000),
    errors,
    errorRatio: count === 0 ? null : errors / count,
    p50: cell?.histogram.quantile(0.5) ?? null,
    p95: cell?.histogram.quantile(0.95) ?? null,
    p99: cell?.histogram.quantile(0.99) ?? null,
    meanMs: cell === undefined || count === 0 ? null : cell.sumMs / count,
    maxMs: cell === undefined || count === 0 ? null : cell.maxMs,
    slowest: cell?.slowest,
    failed: cell?.failed,
  };
}
