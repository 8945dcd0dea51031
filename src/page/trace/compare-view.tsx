import { useEffect, useMemo, useState } from 'preact/hooks';
import { address, changed, href } from '../address/address.js';
import type { Rows, TraceColumns, TraceRow, TraceView } from '../data/answers.js';
import { useQuestion } from '../data/question.js';
import { Empty, Failure } from '../parts/empty.js';
import { count, counted, duration } from '../parts/format.js';
import { hueClass } from '../parts/hue.js';
import { Mark } from '../parts/mark.js';
import { VirtualList } from '../parts/virtual-list.js';
import { type ComparedRow, type ComparedSide, compareTraces, typicalAndSlowest } from './comparison.js';
import { pixelSegments, rectanglesPath } from './time-scale.js';
import { type TraceModel, traceModel } from './trace-model.js';
import { ROW_HEIGHT } from './waterfall-row.js';

const around = 30 * 60_000;

/** The trace beside another of the same root: a typical one, or the slowest where it is itself the typical one. */
export function CompareView({ model, height }: { readonly model: TraceModel; readonly height: number }) {
  const { root, startMs, traceId } = model.view;
  const wanted = address.value.params.get('compare') ?? 'typical';
  const { data, error } = useQuestion<Rows<TraceRow>>(
    root === undefined ? undefined : 'traces',
    {
      service: root?.service,
      name: root?.name,
      from: Math.floor(startMs - around),
      to: Math.ceil(startMs + around),
      limit: 500,
    },
    { everyMs: 0 },
  );
  const alike = (data.value?.rows ?? []).filter(
    ({ service, name, isWhole }) => service === root?.service && name === root?.name && isWhole,
  );
  const pair = typicalAndSlowest(alike);
  const typical = pair?.typical.traceId === traceId ? pair.slowest.traceId : pair?.typical.traceId;
  const otherId = wanted === 'typical' ? typical : wanted === 'slowest' ? pair?.slowest.traceId : wanted;
  const other = useQuestion<TraceView | TraceColumns>(
    otherId === undefined ? undefined : `traces/${otherId}`,
    { spans: 'columns' },
    { everyMs: 0 },
  );
  const otherModel = useMemo(
    () => (other.data.value === undefined ? undefined : traceModel(other.data.value)),
    [other.data.value],
  );
  const problem = error.value ?? other.error.value;
  if (problem !== undefined) return <Failure text={problem} />;
  if (otherModel === undefined || other.isOld.value)
    return data.value === undefined || otherId !== undefined ? (
      <div class="waiting" />
    ) : (
      <Empty title={`There is no other trace of ${root?.name ?? 'this root'} within half an hour of it`} />
    );
  return <Compared left={model} right={otherModel} alike={alike.length} height={height} />;
}

function Compared({
  left,
  right,
  alike,
  height,
}: {
  readonly left: TraceModel;
  readonly right: TraceModel;
  readonly alike: number;
  readonly height: number;
}) {
  const rows = useMemo(() => compareTraces(left, right), [left, right]);
  const wholeMs = Math.max(left.view.durationMs, right.view.durationMs, 0.001);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const measure = () => setWidth(document.querySelector('.compare-head .compare-bars')?.clientWidth ?? 0);
    measure();
    addEventListener('resize', measure);
    return () => removeEventListener('resize', measure);
  }, []);
  const most = rows.reduce((found, row) => Math.max(found, Math.abs(row.selfDeltaMs)), 0);
  const worst = rows.reduce<ComparedRow | undefined>(
    (found, row) => (found === undefined || row.selfDeltaMs > found.selfDeltaMs ? row : found),
    undefined,
  );
  const id = right.view.traceId;
  return (
    <section class="compare">
      <p class="compare-text">
        This one took <b>{duration(left.view.durationMs)}</b>,{' '}
        <a class="link mono" href={href(`/traces/${id}`)}>
          {id.slice(0, 8)}…
        </a>{' '}
        <b>{duration(right.view.durationMs)}</b>
        {worst !== undefined && worst.selfDeltaMs > 0 && (
          <>
            ; most of the difference is <b>{worst.name}</b> of {worst.service}, {duration(worst.selfDeltaMs)}{' '}
            more
          </>
        )}
        .{' '}
        <span class="quiet">
          {counted(alike, 'trace', 'traces')} alike within half an hour: compare with{' '}
        </span>
        <a class="link" href={changed({ compare: 'typical' })}>
          the typical one
        </a>
        <span class="quiet"> or </span>
        <a class="link" href={changed({ compare: 'slowest' })}>
          the slowest
        </a>
      </p>
      <div class="compare-row compare-head">
        <span class="compare-name">span</span>
        <span class="compare-bars">this trace</span>
        <span class="compare-bars">the other</span>
        <span class="fall-number">itself slower by</span>
      </div>
      <VirtualList
        label="the two traces laid over each other"
        class="fall-list"
        count={rows.length}
        rowHeight={ROW_HEIGHT}
        height={Math.min(rows.length * ROW_HEIGHT + 1, height)}
        keyOf={(index) => (rows[index] as ComparedRow).key}
        row={(index) => {
          const row = rows[index] as ComparedRow;
          const isMuch = most > 0 && Math.abs(row.selfDeltaMs) >= most * 0.2;
          return (
            <div role="listitem" class={`compare-row ${hueClass(row.service)}`}>
              <span class="compare-name" style={{ paddingLeft: `${(row.level - 1) * 16 + 4}px` }}>
                <span class="fall-text">
                  {(row.left?.failures ?? 0) > 0 && <Mark state="fail" label="failed" />}
                  <b class="fall-service">{row.service}</b>
                  <span class="cut" title={row.name}>
                    {row.name}
                  </span>
                </span>
              </span>
              <Side side={row.left} wholeMs={wholeMs} width={width} word="only in the other" />
              <Side side={row.right} wholeMs={wholeMs} width={width} word="only in this one" />
              <span class={`fall-number ${isMuch ? (row.selfDeltaMs > 0 ? 'is-fail' : '') : 'quiet'}`}>
                {Math.abs(row.selfDeltaMs) < 0.01
                  ? '–'
                  : `${row.selfDeltaMs > 0 ? '+' : '−'}${duration(Math.abs(row.selfDeltaMs))}`}
              </span>
            </div>
          );
        }}
      />
    </section>
  );
}

function Side({
  side,
  wholeMs,
  width,
  word,
}: {
  readonly side: ComparedSide | undefined;
  readonly wholeMs: number;
  readonly width: number;
  readonly word: string;
}) {
  if (side === undefined) return <span class="compare-bars quiet">{word}</span>;
  const room = Math.max(0, width - 96);
  const range = { from: 0, to: wholeMs };
  const spans = pixelSegments(
    side.nodes.map(({ span }) => [span.offsetMs, span.offsetMs + span.durationMs]),
    range,
    room,
    2,
  );
  const critical = pixelSegments(
    side.nodes.flatMap(({ span }) => span.critical),
    range,
    room,
  );
  return (
    <span class="compare-bars">
      <svg width={room} height={ROW_HEIGHT} aria-hidden="true">
        <path class="bar" d={rectanglesPath(spans, 10, 8)} />
        <path class="bar-critical" d={rectanglesPath(critical, 7, 14)} />
      </svg>
      <span class="compare-total">
        {side.count > 1 && <span class="quiet">{count(side.count)} × </span>}
        {duration(side.busyMs)}
      </span>
    </span>
  );
}
