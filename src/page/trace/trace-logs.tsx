import { href } from '../address/address.js';
import type { LogRow } from '../data/answers.js';
import { counted } from '../parts/format.js';
import { ServiceName, Time } from '../parts/links.js';
import { VirtualList } from '../parts/virtual-list.js';
import { equals } from './span-detail.js';
import type { TraceModel } from './trace-model.js';

const rowHeight = 26;
const mostShown = 14;

/** The lines of the trace in the order of their time; each leads to its span. */
export function TraceLogs({
  model,
  at,
  spanId,
  onLine,
}: {
  readonly model: TraceModel;
  readonly at: number;
  readonly spanId: string | undefined;
  readonly onLine: (line: LogRow, index: number) => void;
}) {
  const { logs, traceId, services } = model.view;
  return (
    <section class="trace-logs">
      <div class="section-head">
        <h2>Log lines</h2>
        <span class="quiet">{logs.length >= 2_000 ? 'the first 2,000' : counted(logs.length, 'line')}</span>
        <a class="link" href={href('/logs', { q: equals('trace', traceId) })}>
          all in Logs
        </a>
      </div>
      {logs.length === 0 ? (
        <p class="quiet">
          No line has the id of this trace.{' '}
          {services.length > 0 && (
            <>
              Lines get it where pino, winston or <code>console</code> are instrumented;{' '}
              <a class="link" href={href('/doctor')}>
                Doctor
              </a>{' '}
              says which service sends lines without.
            </>
          )}
        </p>
      ) : (
        <VirtualList
          label="log lines of the trace"
          class="lines"
          count={logs.length}
          rowHeight={rowHeight}
          height={Math.min(logs.length, mostShown) * rowHeight}
          focused={at < 0 ? undefined : at}
          keyOf={(index) => index}
          row={(index) => {
            const line = logs[index] as LogRow;
            const isOfSpan = spanId !== undefined && line.spanId === spanId;
            return (
              <div
                role="listitem"
                class={index === at ? 'line is-chosen' : isOfSpan ? 'line is-of-span' : 'line'}
              >
                <button type="button" class="line-text" onClick={() => onLine(line, index)}>
                  <Time ms={line.timeMs} hasMillis />
                  <span class={`level level-${line.level}`}>{line.level}</span>
                  <ServiceName service={line.service} />
                  <span class="mono cut">
                    {line.body} <span class="quiet">{fieldsOf(line)}</span>
                  </span>
                  <span class="link">{model.byId.has(line.spanId) ? '→ span' : ''}</span>
                </button>
              </div>
            );
          }}
        />
      )}
    </section>
  );
}

/** Fields of a line in one line, without what is long. */
export function fieldsOf({ attributes }: LogRow): string {
  const names = Object.keys(attributes).filter((name) => name !== 'exception.stacktrace');
  if (names.length === 0) return '';
  return names
    .slice(0, 8)
    .map((name) => {
      const value = attributes[name];
      return `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`;
    })
    .join(' ')
    .slice(0, 400);
}
