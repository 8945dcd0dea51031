import { duration, rate, share } from './format.js';
import { traceHref } from './links.js';
import type { Column } from './table.js';

/** What every row of golden signals has. */
export interface RedRow {
  readonly rate: number;
  readonly errorRatio: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly maxMs?: number | null;
  readonly slowest?: string | undefined;
  readonly failed?: string | undefined;
}

/** From so large a share on errors are shown as failing. */
export const FAILING = 0.01;

function quantile(id: 'p50' | 'p95' | 'p99'): Column<RedRow> {
  return { id, title: id, isNumber: true, width: 80, by: (row) => row[id], cell: (row) => duration(row[id]) };
}

/** What half and 95 of 100 take at most. */
export const MIDDLE_QUANTILES: readonly Column<RedRow>[] = [quantile('p50'), quantile('p95')];

/** Rate, errors and durations, and ways to a trace of each. */
export const RED_COLUMNS: readonly Column<RedRow>[] = [
  {
    id: 'rate',
    title: 'rate',
    isNumber: true,
    width: 96,
    by: (row) => row.rate,
    cell: (row) => rate(row.rate),
  },
  {
    id: 'errors',
    title: 'errors',
    isNumber: true,
    width: 80,
    by: (row) => row.errorRatio,
    cell: (row) => (
      <span class={(row.errorRatio ?? 0) > FAILING ? 'is-fail' : undefined}>{share(row.errorRatio)}</span>
    ),
  },
  ...MIDDLE_QUANTILES,
  quantile('p99'),
  {
    id: 'traces',
    title: 'traces',
    width: 112,
    cell: ({ slowest, failed }) =>
      slowest === undefined ? (
        ''
      ) : (
        <span class="row">
          <a class="link" href={traceHref(slowest)}>
            slowest
          </a>
          {failed !== undefined && (
            <a class="link" href={traceHref(failed)}>
              failed
            </a>
          )}
        </span>
      ),
  },
];
