import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { address, setParams } from '../address/address.js';
import { brush, isLive, timeWindow, windowParams } from '../address/time-window.js';
import type { LogHistogram, LogRow, Rows } from '../data/answers.js';
import { type Params, useQuestion } from '../data/question.js';
import { FilterBar } from '../filter/filter-bar.js';
import { filterText, withTerm } from '../filter/filter-text.js';
import { useKeys } from '../frame/keys.js';
import { Empty, Failure } from '../parts/empty.js';
import { count, rate } from '../parts/format.js';
import { VirtualList } from '../parts/virtual-list.js';
import { LogChart } from './log-chart.js';
import { LEVELS, LOG_FIELDS, logFilterText, logParams, logTerms, OWN_PARAMS } from './log-filter.js';
import { LINE_HEIGHT, LogDetail, LogLine } from './log-line.js';
import { foldRuns, type LogRun, singleRuns } from './log-runs.js';
import { Patterns } from './patterns.js';

/** So many lines are in the page at most, whatever comes in: it is as large after a day as after a minute. */
const mostLines = 1_000;

const noLines: readonly LogRow[] = [];

export function LogsPage() {
  const { params } = address.value;
  const text = logFilterText(params);
  const terms = logTerms(text);
  const question = logParams(terms);
  const isPatterns = params.get('view') === 'patterns';
  const change = (next: string) =>
    setParams({ ...Object.fromEntries(OWN_PARAMS.map((name) => [name, undefined])), q: next });
  const level = terms.find(({ field }) => field === 'level')?.value;
  const chart = useQuestion<LogHistogram>('logs/histogram', {
    ...windowParams.value,
    ...question,
    step: chartStep(timeWindow.value.toMs - timeWindow.value.fromMs),
  });
  return (
    <div class="page logs">
      <div class="page-head logs-head">
        <h1>Logs</h1>
        <Volume histogram={chart.data.value} />
        <span class="grow" />
        <fieldset class="levels" aria-label="least level">
          {LEVELS.map((one) => (
            <button
              key={one}
              type="button"
              class={`level-choice level-${one}`}
              aria-pressed={(level ?? 'trace') === one}
              onClick={() =>
                change(
                  filterText(
                    one === 'trace'
                      ? terms.filter(({ field }) => field !== 'level')
                      : withTerm(terms, { field: 'level', operator: '>=', value: one, problem: undefined }),
                  ),
                )
              }
            >
              {one === 'trace' ? 'all' : one}
            </button>
          ))}
        </fieldset>
        <button
          type="button"
          class="button"
          aria-pressed={isPatterns}
          onClick={() => setParams({ view: isPatterns ? undefined : 'patterns' })}
        >
          {isPatterns ? 'Lines' : 'Patterns'}
        </button>
      </div>
      <FilterBar
        text={text}
        fields={LOG_FIELDS}
        items="logs"
        label="filter of log lines"
        placeholder="service = …   level >= warn   trace = …   attr.key = value   or any text"
        onChange={change}
      />
      {chart.data.value !== undefined && <LogChart histogram={chart.data.value} onBrush={brush} />}
      {isPatterns ? (
        <Patterns params={question} />
      ) : (
        <Tail params={question} isFiltered={terms.length > 0} onClear={() => change('')} />
      )}
    </div>
  );
}

/** Some hundred bars, of whole seconds. */
function chartStep(lengthMs: number): string {
  return `${Math.max(1, Math.round(lengthMs / 120_000))}s`;
}

function Volume({ histogram }: { readonly histogram: LogHistogram | undefined }) {
  if (histogram === undefined) return null;
  const { steps, stepMs } = histogram;
  const sums = steps.map(({ counts }) => counts.reduce((sum, value) => sum + value, 0));
  const total = sums.reduce((sum, value) => sum + value, 0);
  // The last step is not over yet: the two before it say how much comes in.
  const lately = (sums.at(-2) ?? 0) + (sums.at(-3) ?? 0);
  return (
    <span class="quiet">
      {count(total)} lines
      {isLive.value && lately > 0 ? `, lately ${rate(lately / ((2 * stepMs) / 1_000))}` : ''}
    </span>
  );
}

interface TailProps {
  readonly params: Params;
  readonly isFiltered: boolean;
  readonly onClear: () => void;
}

/** The newest lines; they hold still while a person reads further down or has one open. */
function Tail({ params, isFiltered, onClear }: TailProps) {
  const { data, error, isOld, refresh } = useQuestion<Rows<LogRow>>(
    'logs',
    { ...windowParams.value, ...params, limit: mostLines },
    { everyMs: 1_000 },
  );
  const [isFolded, setFolded] = useState(true);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [held, setHeld] = useState<readonly LogRow[] | undefined>();
  const [chosen, setChosen] = useState<{ key: string; line: LogRow } | undefined>();
  const list = useRef<HTMLDivElement>(null);
  const newest = data.value?.rows;
  const lines = held ?? newest ?? noLines;
  const runs = useMemo(() => (isFolded ? foldRuns(lines, open) : singleRuns(lines)), [lines, open, isFolded]);
  const at = chosen === undefined ? -1 : runs.findIndex(({ key }) => key === chosen.key);
  const asked = JSON.stringify([params, windowParams.value]);
  // Another question is another list.
  useEffect(() => {
    setHeld(undefined);
    setChosen(undefined);
  }, [asked]);
  const go = () => {
    setHeld(undefined);
    setChosen(undefined);
    list.current?.querySelector('.virtual')?.scrollTo({ top: 0 });
  };
  const choose = (run: LogRun) => {
    if (run.lines.length > 1) {
      const next = new Set(open);
      if (!next.delete(run.key)) next.add(run.key);
      setOpen(next);
      setHeld((before) => before ?? lines);
      return;
    }
    setHeld((before) => before ?? lines);
    setChosen(chosen?.key === run.key ? undefined : { key: run.key, line: run.line });
  };
  const move = (step: number) => {
    const singles = runs.map((run, index) => ({ run, index })).filter(({ run }) => run.lines.length === 1);
    const place = singles.findIndex(({ index }) => index === at);
    const next = singles[Math.min(singles.length - 1, Math.max(0, place + step))];
    if (next === undefined) return;
    setHeld((before) => before ?? lines);
    setChosen({ key: next.run.key, line: next.run.line });
  };
  useKeys('Logs', [
    { keys: 'j', does: 'next line', run: () => move(1) },
    { keys: 'k', does: 'line before', run: () => move(-1) },
    { keys: 'Escape', does: 'close the line, follow the newest', run: go },
    { keys: 'z', does: 'fold lines alike, or not', run: () => setFolded(!isFolded) },
  ]);
  if (newest === undefined && error.value !== undefined)
    return <Failure text={error.value} retry={refresh} />;
  if (newest === undefined) return <div class="waiting" />;
  if (newest.length === 0 && held === undefined) return <NoLines isFiltered={isFiltered} onClear={onClear} />;
  const heldFrom = held?.[0]?.timeMs ?? 0;
  const newer = held === undefined ? 0 : newest.filter(({ timeMs }) => timeMs > heldFrom).length;
  const height = Math.max(12, Math.floor((innerHeight - 316) / LINE_HEIGHT)) * LINE_HEIGHT;
  return (
    <div class={isOld.value ? 'is-old' : undefined}>
      {error.value !== undefined && <Failure text={error.value} retry={refresh} />}
      <div class="tail-head">
        <span class="quiet">
          {newest.length >= mostLines
            ? `the newest ${count(mostLines)} lines`
            : `${count(lines.length)} lines`}
          {isFolded && runs.length < lines.length ? ` in ${count(runs.length)} rows` : ''}
        </span>
        {held !== undefined && (
          <button type="button" class="link" onClick={go}>
            {newer === 0
              ? 'held still; follow again'
              : `${newer >= mostLines ? `${count(mostLines)} or more` : count(newer)} newer, show them`}
          </button>
        )}
        <span class="grow" />
        <label class="row">
          <input type="checkbox" checked={isFolded} onChange={() => setFolded(!isFolded)} /> fold lines alike
        </label>
      </div>
      <div class={chosen === undefined ? 'trace-split' : 'trace-split has-detail'} ref={list}>
        <VirtualList
          role="list"
          label="log lines, the newest first"
          class="log-list"
          count={runs.length}
          rowHeight={LINE_HEIGHT}
          height={Math.min(height, runs.length * LINE_HEIGHT)}
          focused={at < 0 ? undefined : at}
          keyOf={(index) => (runs[index] as LogRun).key}
          onRange={(first) => {
            // Who has scrolled away reads; lines that come in do not move those that are read.
            if (first > 0 && held === undefined && lines.length > 0) setHeld(lines);
            else if (first === 0 && held !== undefined && chosen === undefined && open.size === 0)
              setHeld(undefined);
          }}
          row={(index) => {
            const run = runs[index] as LogRun;
            return (
              <LogLine
                run={run}
                id={`line-${index}`}
                isOpen={open.has(run.key)}
                isChosen={index === at}
                onOpen={() => choose(run)}
              />
            );
          }}
        />
        {chosen !== undefined && (
          <div class="detail-box" style={{ maxHeight: `${height}px` }}>
            <LogDetail line={chosen.line} onClose={() => setChosen(undefined)} />
          </div>
        )}
      </div>
    </div>
  );
}

function NoLines({ isFiltered, onClear }: { readonly isFiltered: boolean; readonly onClear: () => void }) {
  if (isFiltered)
    return (
      <Empty title="No line in this time is like that">
        <p>
          A longer time may have some, or{' '}
          <button type="button" class="link" onClick={onClear}>
            all lines
          </button>
          .
        </p>
      </Empty>
    );
  return (
    <Empty
      title="No log lines in this time"
      command={`OTEL_LOGS_EXPORTER=otlp OTEL_EXPORTER_OTLP_ENDPOINT=${location.origin} node --require golden-signals/register app.js`}
    >
      <p>
        Lines of pino, winston and <code>console</code> are sent where <code>OTEL_LOGS_EXPORTER</code> is{' '}
        <code>otlp</code>; behind <code>golden-signals console --</code> it is.
      </p>
    </Empty>
  );
}
