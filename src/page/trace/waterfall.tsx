import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { LogRow } from '../data/answers.js';
import { duration } from '../parts/format.js';
import { VirtualList } from '../parts/virtual-list.js';
import { type TimeRange, ticks } from './time-scale.js';
import type { SpanNode, TraceModel } from './trace-model.js';
import { ROW_HEIGHT, WaterfallRowView } from './waterfall-row.js';
import { spanOfRow, type WaterfallRow } from './waterfall-rows.js';

interface WaterfallProps {
  readonly model: TraceModel;
  readonly rows: readonly WaterfallRow[];
  readonly range: TimeRange;
  readonly at: number;
  readonly found: ReadonlySet<string> | undefined;
  readonly height: number;
  readonly onAt: (index: number) => void;
  readonly onToggle: (row: WaterfallRow, isOpen?: boolean) => void;
  readonly onLog: (line: LogRow) => void;
}

const rowId = (row: WaterfallRow) => `row-${row.key.replace(/[^\w-]/g, '_')}`;

/** The spans of a trace over time: a tree that is a grid, of which only the rows in view are in the document. */
export function Waterfall(props: WaterfallProps) {
  const { model, rows, range, at, found, height, onAt, onToggle, onLog } = props;
  const axis = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = axis.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    setWidth(element.clientWidth);
    return () => observer.disconnect();
  }, []);
  const marks = useMemo(
    () => ticks(range, Math.max(2, Math.floor(width / 110))),
    [range.from, range.to, width],
  );
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = rows[at];
    const page = Math.max(1, Math.floor(height / ROW_HEIGHT) - 2);
    const to: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: rows.length - 1,
    };
    const next = to[event.key];
    if (next !== undefined) onAt(Math.min(rows.length - 1, Math.max(0, next)));
    else if (row !== undefined && event.key === 'ArrowRight') openOrEnter(props, row);
    else if (row !== undefined && event.key === 'ArrowLeft') closeOrLeave(props, row);
    else if (row !== undefined && event.key === 'Enter') onToggle(row);
    else return;
    event.preventDefault();
  };
  const active = rows[at];
  return (
    <div class="fall">
      <div class="fall-head" aria-hidden="true">
        <span class="fall-name">span</span>
        <div ref={axis} class="fall-bars fall-axis">
          {marks.map((ms) => (
            <span
              key={ms}
              class={
                (range.to - ms) * width < 60 * (range.to - range.from) ? 'fall-tick is-end' : 'fall-tick'
              }
              style={{ left: `${((ms - range.from) / (range.to - range.from)) * 100}%` }}
            >
              {duration(ms)}
            </span>
          ))}
        </div>
        <span class="fall-number">total</span>
        <span class="fall-number fall-self">self</span>
      </div>
      <div class="fall-body">
        <div class="fall-lines" aria-hidden="true">
          <span class="fall-name" />
          <div class="fall-bars">
            {marks.map((ms) => (
              <i key={ms} style={{ left: `${((ms - range.from) / (range.to - range.from)) * 100}%` }} />
            ))}
          </div>
          <span class="fall-number" />
          <span class="fall-number fall-self" />
        </div>
        <VirtualList
          role="treegrid"
          label="spans of the trace"
          class="fall-list"
          count={rows.length}
          rowHeight={ROW_HEIGHT}
          height={Math.min(rows.length * ROW_HEIGHT + 1, height)}
          keyOf={(index) => (rows[index] as WaterfallRow).key}
          focused={at < 0 ? undefined : at}
          activeId={active === undefined ? undefined : rowId(active)}
          isFocused
          onKeyDown={onKeyDown}
          row={(index) => {
            const row = rows[index] as WaterfallRow;
            return (
              <WaterfallRowView
                row={row}
                id={rowId(row)}
                model={model}
                range={range}
                width={width}
                isSelected={index === at}
                hasFind={found !== undefined}
                isFound={found !== undefined && isFound(row, found)}
                onToggle={() => onToggle(row)}
                onSelect={() => onAt(index)}
                onLog={onLog}
              />
            );
          }}
        />
      </div>
    </div>
  );
}

function isFound(row: WaterfallRow, found: ReadonlySet<string>): boolean {
  const has = ({ span }: SpanNode) => found.has(span.spanId);
  return row.kind === 'span' ? has(row.node) : row.kind === 'repeat' && row.nodes.some(has);
}

/** Opens a row; one that is open is gone into. */
export function openOrEnter(
  { rows, at, onAt, onToggle }: Pick<WaterfallProps, 'rows' | 'at' | 'onAt' | 'onToggle'>,
  row: WaterfallRow,
): void {
  if (row.isOpen === false) onToggle(row, true);
  else if (row.isOpen === true && rows[at + 1] !== undefined) onAt(at + 1);
}

/** Closes a row; from one that is closed it goes to the one around it. */
export function closeOrLeave(
  { rows, at, onAt, onToggle }: Pick<WaterfallProps, 'rows' | 'at' | 'onAt' | 'onToggle'>,
  row: WaterfallRow,
): void {
  if (row.isOpen === true) {
    onToggle(row, false);
    return;
  }
  for (let index = at - 1; index >= 0; index -= 1)
    if ((rows[index] as WaterfallRow).level < row.level) {
      onAt(index);
      return;
    }
}

/** Where a span is among the rows; of one in a repeat, the repeat. */
export function placeOf(rows: readonly WaterfallRow[], spanId: string | undefined): number {
  if (spanId === undefined) return -1;
  const at = rows.findIndex((row) => row.kind === 'span' && row.key === spanId);
  return at >= 0
    ? at
    : rows.findIndex((row) => row.kind === 'repeat' && spanOfRow(row)?.span.spanId === spanId);
}
