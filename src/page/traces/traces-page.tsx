import { useMemo, useRef, useState } from 'preact/hooks';
import { address, go, setParams } from '../address/address.js';
import { timeWindow, windowParams } from '../address/time-window.js';
import type { Rows, TraceRow } from '../data/answers.js';
import { useQuestion } from '../data/question.js';
import { FilterBar } from '../filter/filter-bar.js';
import { filterText, type Term, withTerm } from '../filter/filter-text.js';
import { useKeys } from '../frame/keys.js';
import { Empty, Failure } from '../parts/empty.js';
import { count, counted } from '../parts/format.js';
import { traceHref } from '../parts/links.js';
import { VirtualList } from '../parts/virtual-list.js';
import { Scatter } from './scatter.js';
import type { Dot } from './scatter-grid.js';
import { useStreamedRows } from './streamed-rows.js';
import { OWN_PARAMS, TRACE_FIELDS, traceFilterText, traceParams, traceTerms } from './trace-filter.js';
import { longestBar, orderedTraces, TRACE_COLUMNS, TraceRowView } from './trace-row.js';

const fewRows = 1_000;
const manyRows = 100_000;
const rowHeight = 30;

export function TracesPage() {
  const { params } = address.value;
  const text = traceFilterText(params);
  const terms = traceTerms(text);
  const isMany = params.get('n') === String(manyRows);
  const order = params.get('sort.traces') ?? '-time';
  const question = {
    ...windowParams.value,
    ...traceParams(terms),
    limit: isMany ? manyRows : fewRows,
    ...(order === '-duration' ? { sort: 'slowest' } : {}),
  };
  const few = useQuestion<Rows<TraceRow>>(isMany ? undefined : 'traces', question);
  const many = useStreamedRows<TraceRow>(isMany ? 'traces' : undefined, question);
  const rows = isMany ? many.rows : few.data.value?.rows;
  const error = isMany ? many.error : few.error.value;
  const isOld = !isMany && few.isOld.value;
  const ordered = useMemo(() => (rows === undefined ? [] : orderedTraces(rows, order)), [rows, order]);
  const change = (next: string) =>
    setParams({ ...Object.fromEntries(OWN_PARAMS.map((name) => [name, undefined])), q: next, n: undefined });
  const add = (...added: Term[]) => change(filterText(added.reduce<Term[]>(withTerm, terms)));

  const { fromMs, toMs } = timeWindow.value;
  const dots = useMemo(
    () =>
      ordered.map<Dot>(({ startMs, durationMs, errors }) => ({
        timeMs: startMs,
        durationMs,
        isFailed: errors > 0,
      })),
    [ordered],
  );
  const at = useRef(-1);
  const [cursor, setCursor] = useState(-1);
  const move = (step: number) => {
    at.current = Math.min(ordered.length - 1, Math.max(0, at.current + step));
    setCursor(at.current);
  };
  useKeys('Traces', [
    { keys: 'j', does: 'next trace', run: () => move(1) },
    { keys: 'k', does: 'trace before', run: () => move(-1) },
    {
      keys: 'Enter',
      does: 'open the trace',
      run: () => ordered[cursor] !== undefined && go(traceHref((ordered[cursor] as TraceRow).traceId)),
    },
  ]);
  const longest = useMemo(() => longestBar(ordered), [ordered]);
  const sortBy = (id: string, isNumber: boolean) => {
    const next = order === id ? `-${id}` : order === `-${id}` ? id : isNumber ? `-${id}` : id;
    setParams({ 'sort.traces': next === '-time' ? undefined : next }, true);
  };
  return (
    <div class="page traces">
      <div class="page-head">
        <h1>Traces</h1>
        <span class="quiet" role="status">
          {rows === undefined ? '' : found(rows.length, isMany, many.isComing, order)}
        </span>
        {rows !== undefined && rows.length >= fewRows && !isMany && (
          <button type="button" class="link" onClick={() => setParams({ n: manyRows })}>
            all of them, up to {count(manyRows)}
          </button>
        )}
        {isMany && (
          <button type="button" class="link" onClick={() => setParams({ n: undefined })}>
            follow the newest {count(fewRows)} again
          </button>
        )}
      </div>
      <FilterBar
        text={text}
        fields={TRACE_FIELDS}
        items="spans"
        label="filter of traces"
        placeholder="service = …   duration > 300 ms   error   attr.key = value   or any text"
        onChange={change}
      />
      {error !== undefined && <Failure text={error} retry={few.refresh} />}
      <div class={isOld ? 'is-old' : undefined}>
        {rows !== undefined && ordered.length === 0 && !(isMany && many.isComing) ? (
          <NoTraces isFiltered={terms.length > 0} onClear={() => change('')} />
        ) : (
          <>
            <Scatter
              dots={dots}
              fromMs={fromMs}
              toMs={toMs}
              onBrush={(from, to, least, most) => {
                const duration = (operator: '>' | '<', ms: number): Term => ({
                  field: 'duration',
                  operator,
                  value: `${Number(ms.toPrecision(3))}ms`,
                  problem: undefined,
                });
                const next = [duration('>', least), duration('<', most)].reduce<Term[]>(withTerm, terms);
                setParams({
                  ...Object.fromEntries(OWN_PARAMS.map((name) => [name, undefined])),
                  q: filterText(next),
                  from: Math.floor(from),
                  to: Math.ceil(to),
                });
              }}
              onOpen={(index) => go(traceHref((ordered[index] as TraceRow).traceId))}
            />
            <div role="table" aria-label="traces" aria-rowcount={ordered.length + 1}>
              <div role="rowgroup">
                <div role="row" class="traces-row traces-head">
                  {TRACE_COLUMNS.map(({ id, title, isNumber, className }) => (
                    <span
                      key={id}
                      role="columnheader"
                      class={`${className}${isNumber ? ' number' : ''}`}
                      aria-sort={order === id ? 'ascending' : order === `-${id}` ? 'descending' : undefined}
                    >
                      <button type="button" onClick={() => sortBy(id, isNumber)}>
                        {title}
                        {order === id ? ' ▲' : order === `-${id}` ? ' ▼' : ''}
                      </button>
                    </span>
                  ))}
                </div>
              </div>
              <VirtualList
                role="rowgroup"
                label="traces"
                class="traces-list"
                count={ordered.length}
                rowHeight={rowHeight}
                height={Math.min(
                  ordered.length * rowHeight,
                  Math.max(10, Math.floor((innerHeight - 384) / rowHeight)) * rowHeight,
                )}
                focused={cursor < 0 ? undefined : cursor}
                keyOf={(index) => (ordered[index] as TraceRow).traceId}
                row={(index) => (
                  <TraceRowView
                    row={ordered[index] as TraceRow}
                    longestMs={longest}
                    isAt={index === cursor}
                    onService={(service) =>
                      add({ field: 'service', operator: '=', value: service, problem: undefined })
                    }
                  />
                )}
              />
            </div>
          </>
        )}
      </div>
    </div>
  );
}

function found(length: number, isMany: boolean, isComing: boolean, order: string): string {
  if (isMany) return `${counted(length, 'trace')}${isComing ? ', more are coming' : ''}`;
  if (length < fewRows) return counted(length, 'trace');
  return `the ${order === '-duration' ? 'slowest' : 'newest'} ${count(length)}`;
}

function NoTraces({ isFiltered, onClear }: { readonly isFiltered: boolean; readonly onClear: () => void }) {
  if (isFiltered)
    return (
      <Empty title="No trace in this time has a span like that">
        <p>
          All conditions hold for one and the same span. A longer time may have some, or{' '}
          <button type="button" class="link" onClick={onClear}>
            all traces
          </button>
          .
        </p>
      </Empty>
    );
  return (
    <Empty
      title="No traces in this time"
      command={`OTEL_EXPORTER_OTLP_ENDPOINT=${location.origin} node --require golden-signals/register app.js`}
    >
      <p>A service that is called sends its spans within seconds.</p>
    </Empty>
  );
}
