import type { TraceRow } from '../data/answers.js';
import { count, duration } from '../parts/format.js';
import { hueClass } from '../parts/hue.js';
import { Time, traceHref } from '../parts/links.js';
import { Mark } from '../parts/mark.js';

interface TraceColumn {
  readonly id: string;
  readonly title: string;
  readonly isNumber: boolean;
  readonly className: string;
  readonly by: (row: TraceRow) => string | number;
}

export const TRACE_COLUMNS: readonly TraceColumn[] = [
  { id: 'time', title: 'time', isNumber: true, className: 'traces-time', by: ({ startMs }) => startMs },
  {
    id: 'name',
    title: 'root',
    isNumber: false,
    className: 'traces-root',
    by: ({ service, name }) => `${service} ${name}`,
  },
  {
    id: 'services',
    title: 'services',
    isNumber: false,
    className: 'traces-services',
    by: ({ services }) => services.length,
  },
  { id: 'spans', title: 'spans', isNumber: true, className: 'traces-spans', by: ({ spans }) => spans },
  { id: 'logs', title: 'lines', isNumber: true, className: 'traces-logs', by: ({ logs }) => logs },
  { id: 'errors', title: 'failed', isNumber: true, className: 'traces-errors', by: ({ errors }) => errors },
  {
    id: 'duration',
    title: 'duration',
    isNumber: true,
    className: 'traces-duration',
    by: ({ durationMs }) => durationMs,
  },
];

/** Rows by a column, `-` before it for greatest first. */
export function orderedTraces(rows: readonly TraceRow[], order: string): readonly TraceRow[] {
  const isDown = order.startsWith('-');
  const by = TRACE_COLUMNS.find(({ id }) => id === (isDown ? order.slice(1) : order))?.by;
  if (by === undefined) return rows;
  const sign = isDown ? -1 : 1;
  return [...rows].sort((one, other) => {
    const a = by(one);
    const b = by(other);
    return sign * (typeof a === 'number' ? a - (b as number) : a.localeCompare(String(b), 'en'));
  });
}

/** What a whole bar stands for: one trace that took very long leaves the others theirs. */
export function longestBar(rows: readonly TraceRow[]): number {
  const sorted = rows.map(({ durationMs }) => durationMs).sort((a, b) => a - b);
  return Math.max(0.001, sorted[Math.floor(0.98 * (sorted.length - 1))] ?? 0);
}

const mostChips = 7;

export function TraceRowView({
  row,
  longestMs,
  isAt,
  onService,
}: {
  readonly row: TraceRow;
  readonly longestMs: number;
  readonly isAt: boolean;
  readonly onService: (service: string) => void;
}) {
  const { traceId, service, name, startMs, durationMs, spans, errors, services, logs, isWhole, http } = row;
  const failing = errors > 0;
  return (
    <div role="row" class={isAt ? 'traces-row is-chosen' : 'traces-row'}>
      <span role="cell" class="traces-time number">
        <Time ms={startMs} hasMillis={innerWidth > 720} />
      </span>
      <span role="cell" class="traces-root">
        <a
          class={`service ${hueClass(service)}`}
          href={traceHref(traceId)}
          title={`${service}  ${name}  ${traceId}`}
        >
          <span>
            <b>{name}</b> <span class="quiet">{service}</span>
          </span>
        </a>
        {failing && (
          <span class="only-narrow">
            <Mark state="fail" label={`${errors} failed`} />
          </span>
        )}
        {http >= 400 && <span class={http >= 500 ? 'is-fail' : 'is-warn'}>{http}</span>}
        {!isWhole && (
          <span class="is-warn row" title="The span that it began with is not held">
            <Mark state="warn" label="partial" /> partial
          </span>
        )}
      </span>
      <span role="cell" class="traces-services">
        {services.slice(0, mostChips).map(({ service: own, spans: of }) => (
          <button
            key={own}
            type="button"
            class={`count-chip ${hueClass(own)}`}
            title={`${own}: ${count(of)} spans. Press for traces with it`}
            aria-label={`${own}, ${count(of)} spans: filter by it`}
            onClick={() => onService(own)}
          >
            {count(of)}
          </button>
        ))}
        {services.length > mostChips && <span class="quiet">+{services.length - mostChips}</span>}
      </span>
      <span role="cell" class="traces-spans number">
        {count(spans)}
      </span>
      <span role="cell" class="traces-logs number">
        {logs > 0 ? count(logs) : ''}
      </span>
      <span role="cell" class="traces-errors number">
        {failing && (
          <span class="is-fail">
            <Mark state="fail" label="failed" /> {count(errors)}
          </span>
        )}
      </span>
      <span role="cell" class="traces-duration number">
        <i class={failing ? 'duration-bar is-fail' : 'duration-bar'}>
          <i style={{ width: `${Math.min(100, Math.max(0.5, (durationMs / longestMs) * 100))}%` }} />
        </i>
        <span>{duration(durationMs)}</span>
      </span>
    </div>
  );
}
