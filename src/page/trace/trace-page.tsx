import { useEffect, useMemo, useState } from 'preact/hooks';
import { address, go } from '../address/address.js';
import { isLive } from '../address/time-window.js';
import type { LogRow, TraceColumns, TraceView } from '../data/answers.js';
import { ask, useQuestion } from '../data/question.js';
import { useKeys } from '../frame/keys.js';
import type { PageProps } from '../frame/pages.js';
import { Empty, Failure } from '../parts/empty.js';
import { CompareView } from './compare-view.js';
import { findSpans } from './find.js';
import { Minimap } from './minimap.js';
import { spanCount } from './span-columns.js';
import { likeHref, SpanDetailView } from './span-detail.js';
import { panned, type TimeRange, zoomed } from './time-scale.js';
import { TraceHead } from './trace-head.js';
import { TraceLogs } from './trace-logs.js';
import { nextFailure, type Span, type TraceModel, traceModel } from './trace-model.js';
import { rangeOf, selectedSpan, selectSpan, showRange } from './trace-state.js';
import { closeOrLeave, placeOf, Waterfall } from './waterfall.js';
import { ROW_HEIGHT } from './waterfall-row.js';
import {
  depthOf,
  foldedAt,
  NOTHING_FOLDED,
  revealed,
  spanOfRow,
  type WaterfallRow,
  waterfallRows,
} from './waterfall-rows.js';

/** A trace that began so lately may still be growing. */
const youngMs = 60_000;

export function TracePage({ id }: PageProps) {
  const [isYoung, setYoung] = useState(true);
  const { data, error, refresh } = useQuestion<TraceView | TraceColumns>(
    `traces/${id}`,
    { spans: 'columns' },
    { everyMs: isYoung && isLive.value ? 2_000 : 0 },
  );
  const view = data.value;
  useEffect(() => {
    if (view !== undefined) setYoung(Date.now() - view.startMs - view.durationMs < youngMs);
  }, [view]);
  // An answer that says the same is no reason to draw anew.
  const model = useMemo(
    () => (view === undefined ? undefined : traceModel(view)),
    [view?.traceId, view && spanCount(view), view?.logs.length, view?.durationMs],
  );
  if (model === undefined)
    return (
      <div class="page">
        {error.value === undefined ? (
          <div class="waiting" />
        ) : /nothing is held/.test(error.value) ? (
          <Empty title="This trace is not held" command="npx golden-signals console --memory 1GiB">
            <p>
              Of <code>{id}</code> there is no span and no line. It has not come yet, was not sampled, or made
              room for newer ones: with more memory the console holds traces longer. Traces that failed, were
              slow, or are kept with an alert outlive the others.
            </p>
          </Empty>
        ) : (
          <Failure text={error.value} retry={refresh} />
        )}
      </div>
    );
  return <Trace model={model} error={error.value} />;
}

function Trace({ model, error }: { readonly model: TraceModel; readonly error: string | undefined }) {
  const { durationMs, traceId, logs, bottleneck } = model.view;
  const wholeMs = Math.max(durationMs, 0.001);
  const [folding, setFolding] = useState(NOTHING_FOLDED);
  const [depth, setDepth] = useState(() => depthOf(model));
  const [cursor, setCursor] = useState<string | undefined>();
  const [logAt, setLogAt] = useState(-1);
  const [wanted, setWanted] = useState('');
  const [attributes, setAttributes] = useState<ReadonlyMap<string, Span['attributes']>>(new Map());
  const selected = selectedSpan();
  const range = rangeOf(wholeMs);
  const rows = useMemo(() => waterfallRows(model, folding), [model, folding]);
  const found = useMemo(
    () => (wanted.trim() === '' ? undefined : new Set(findSpans(model, wanted, attributes))),
    [model, wanted, attributes],
  );
  const [height, setHeight] = useState(() => roomFor());
  useEffect(() => {
    const measure = () => setHeight(roomFor());
    addEventListener('resize', measure);
    return () => removeEventListener('resize', measure);
  }, []);

  // The chosen span is seen, wherever it is folded away: it may come from a link.
  useEffect(() => {
    if (selected === undefined || !model.byId.has(selected)) return;
    setCursor(selected);
    setFolding((before) =>
      placeOf(waterfallRows(model, before), selected) >= 0 ? before : revealed(model, before, selected),
    );
  }, [selected, model]);

  const byKey = rows.findIndex(({ key }) => key === cursor);
  const at = byKey >= 0 ? byKey : placeOf(rows, cursor);
  const goTo = (index: number) => {
    const row = rows[index];
    if (row === undefined) return;
    setCursor(row.key);
    selectSpan(spanOfRow(row)?.span.spanId);
  };
  const jumpTo = (spanId: string | undefined) => {
    if (spanId === undefined || !model.byId.has(spanId)) return;
    setFolding((before) => revealed(model, before, spanId));
    setCursor(spanId);
    selectSpan(spanId);
    const { span } = model.byId.get(spanId) as { span: Span };
    // What is jumped to is in view in time, too.
    if (span.offsetMs > range.to || span.offsetMs + span.durationMs < range.from)
      showRange({ from: 0, to: wholeMs }, wholeMs);
  };
  const toggle = (row: WaterfallRow, isOpen = row.isOpen === false) => {
    if (row.isOpen === undefined) return;
    setFolding((before) => {
      const isRepeat = row.kind === 'repeat';
      const set = new Set(isRepeat ? before.openRepeats : before.closed);
      if (isOpen === isRepeat) set.add(row.key);
      else set.delete(row.key);
      return isRepeat ? { ...before, openRepeats: set } : { ...before, closed: set };
    });
  };
  const foldService = (service: string) =>
    setFolding((before) => {
      const services = new Set(before.services);
      if (!services.delete(service)) services.add(service);
      return { ...before, services };
    });
  const foldTo = (next: number) => {
    const most = depthOf(model);
    const within = Math.min(most, Math.max(1, next));
    setDepth(within);
    setFolding((before) =>
      within === most ? { ...before, closed: new Set() } : foldedAt(model, before, within),
    );
  };
  const setRange = (next: TimeRange) => showRange(next, wholeMs);
  const chosen = selected === undefined ? undefined : model.byId.get(selected);
  const middle = () =>
    chosen === undefined
      ? (range.from + range.to) / 2
      : Math.min(range.to, Math.max(range.from, chosen.span.offsetMs + chosen.span.durationMs / 2));
  const toLog = (line: LogRow) => {
    setLogAt(logs.indexOf(line));
    jumpTo(line.spanId);
    document.querySelector('.trace-logs')?.scrollIntoView({ block: 'nearest' });
  };
  const nextFound = (step: 1 | -1) => {
    if (found === undefined || found.size === 0) return;
    const ids = [...found];
    const from = selected === undefined ? -1 : ids.indexOf(selected);
    jumpTo(ids[(from + step + ids.length) % ids.length]);
  };
  useKeys('Trace', [
    { keys: 'j', does: 'next span', run: () => goTo(Math.min(rows.length - 1, at + 1)) },
    { keys: 'k', does: 'span before', run: () => goTo(Math.max(0, at - 1)) },
    {
      keys: 'h',
      does: 'close, or to the parent',
      run: () =>
        rows[at] !== undefined &&
        closeOrLeave({ rows, at, onAt: goTo, onToggle: toggle }, rows[at] as WaterfallRow),
    },
    { keys: '[', does: 'a level less', run: () => foldTo(depth - 1) },
    { keys: ']', does: 'a level more', run: () => foldTo(depth + 1) },
    {
      keys: '.',
      does: 'next failed span',
      run: () => jumpTo(nextFailure(model, chosen?.index ?? -1)?.span.spanId),
    },
    {
      keys: ',',
      does: 'failed span before',
      run: () => jumpTo(nextFailure(model, chosen?.index ?? 0, -1)?.span.spanId),
    },
    { keys: 'b', does: 'bottleneck', run: () => jumpTo(bottleneck?.spanId) },
    {
      keys: 'l',
      does: 'log lines of the span, or of the trace',
      run: () => {
        const line = chosen?.logs[0] ?? logs[0];
        if (line !== undefined) toLog(line);
      },
    },
    {
      keys: 'f',
      does: 'traces with a span like this',
      run: () => chosen !== undefined && go(likeHref(chosen.span)),
    },
    {
      keys: 'y',
      does: 'copy a link to the span',
      run: () => void navigator.clipboard.writeText(location.href),
    },
    { keys: '+', does: 'zoom in', run: () => setRange(zoomed(range, 0.5, middle(), wholeMs)) },
    { keys: '-', does: 'zoom out', run: () => setRange(zoomed(range, 2, middle(), wholeMs)) },
    { keys: '0', does: 'whole trace', run: () => setRange({ from: 0, to: wholeMs }) },
    { keys: '<', does: 'earlier', run: () => setRange(panned(range, -0.25, wholeMs)) },
    { keys: '>', does: 'later', run: () => setRange(panned(range, 0.25, wholeMs)) },
    { keys: 'Escape', does: 'let go of the span', run: () => selectSpan(undefined) },
  ]);
  const loadAttributes = () => {
    if (attributes.size > 0) return;
    ask<TraceView>(`/api/traces/${traceId}`)
      .then((whole) => setAttributes(new Map(whole.spans.map((span) => [span.spanId, span.attributes]))))
      // Names are searched all the same.
      .catch(() => undefined);
  };

  const isCompared = address.value.params.has('compare');
  return (
    <div class="page trace">
      {error !== undefined && <Failure text={error} />}
      <TraceHead model={model} folded={folding.services} onFold={foldService} />
      {isCompared ? (
        <CompareView model={model} height={height} />
      ) : (
        <>
          <Minimap model={model} range={range} onRange={setRange} />
          <div class="trace-tools">
            <input
              class="input trace-find"
              type="search"
              aria-label="find in this trace"
              placeholder="Find a name, attribute, value"
              value={wanted}
              onFocus={loadAttributes}
              onInput={(event) => setWanted(event.currentTarget.value)}
              onKeyDown={(event) => {
                if (event.key === 'Enter') nextFound(event.shiftKey ? -1 : 1);
                if (event.key === 'Escape') event.currentTarget.blur();
              }}
            />
            {found !== undefined && (
              <span class="quiet" role="status">
                {found.size === 0 ? 'none' : `${found.size} found, Enter goes on`}
              </span>
            )}
            <span class="grow" />
            <span class="fall-legend" aria-hidden="true">
              <i class="fall-legend-critical" /> critical path <i class="fall-legend-bar" /> waiting for
              others <i class="fall-legend-gap" /> nothing measured
            </span>
            <span class="row">
              <button
                type="button"
                class="button"
                onClick={() => foldTo(depth - 1)}
                aria-label="a level less"
              >
                [
              </button>
              <button
                type="button"
                class="button"
                onClick={() => foldTo(depth + 1)}
                aria-label="a level more"
              >
                ]
              </button>
            </span>
          </div>
          <div class={chosen === undefined ? 'trace-split' : 'trace-split has-detail'}>
            <Waterfall
              model={model}
              rows={rows}
              range={range}
              at={at}
              found={found}
              height={height}
              onAt={goTo}
              onToggle={toggle}
              onLog={toLog}
            />
            {chosen !== undefined && (
              <div class="detail-box" style={{ maxHeight: `${height + 28}px` }}>
                <SpanDetailView
                  key={chosen.span.spanId}
                  node={chosen}
                  model={model}
                  onLog={toLog}
                  onClose={() => selectSpan(undefined)}
                />
              </div>
            )}
          </div>
        </>
      )}
      <TraceLogs
        model={model}
        at={logAt}
        spanId={selected}
        onLine={(line, index) => {
          setLogAt(index);
          jumpTo(line.spanId);
        }}
      />
    </div>
  );
}

/** What is left of the window below the head of the page. */
function roomFor(): number {
  return Math.max(12, Math.floor((innerHeight - 360) / ROW_HEIGHT)) * ROW_HEIGHT;
}
