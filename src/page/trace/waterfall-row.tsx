import type { LogRow } from '../data/answers.js';
import { count, counted, duration, figures } from '../parts/format.js';
import { hueClass } from '../parts/hue.js';
import { Mark } from '../parts/mark.js';
import { pixelMarks, pixelSegments, rectanglesPath, type Segment, type TimeRange } from './time-scale.js';
import { type SpanNode, spanTitle, type TraceModel } from './trace-model.js';
import type { RepeatRowItem, SpanRowItem, WaterfallRow } from './waterfall-rows.js';

export const ROW_HEIGHT = 28;

interface RowProps {
  readonly row: WaterfallRow;
  readonly id: string;
  readonly model: TraceModel;
  readonly range: TimeRange;
  /** Of the place for bars, in pixels. */
  readonly width: number;
  readonly isSelected: boolean;
  readonly isFound: boolean;
  readonly hasFind: boolean;
  readonly onToggle: () => void;
  readonly onSelect: () => void;
  readonly onLog: (line: LogRow) => void;
}

export function WaterfallRowView(props: RowProps) {
  const { row, id, isSelected, isFound, hasFind, onSelect } = props;
  const span = row.kind === 'span' ? row.node.span : undefined;
  const service = row.kind === 'repeat' ? row.nodes[0]?.span.service : span?.service;
  const classes = ['fall-row'];
  if (isSelected) classes.push('is-chosen');
  if (hasFind && !isFound) classes.push('is-passed');
  if (isFound && hasFind) classes.push('is-found');
  if (span?.isFailed) classes.push('is-failed');
  if (service !== undefined) classes.push(hueClass(service));
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keys.
    <div
      id={id}
      role="row"
      // The grid has the focus and says which row is active.
      tabIndex={-1}
      class={classes.join(' ')}
      aria-level={row.level}
      aria-posinset={row.position}
      aria-setsize={row.size}
      aria-expanded={row.isOpen}
      aria-selected={isSelected}
      onClick={onSelect}
    >
      <Name {...props} />
      <div class="fall-bars" role="gridcell" aria-label={barLabel(row)}>
        <Bars {...props} />
      </div>
      <Numbers row={row} />
    </div>
  );
}

function barLabel(row: WaterfallRow): string {
  if (row.kind === 'missing') return 'not held';
  const { span } = row.kind === 'span' ? row.node : (row.nodes[0] as SpanNode);
  return `begins at ${duration(span.offsetMs)}`;
}

function Name({ row, model, onToggle }: RowProps) {
  return (
    <div class="fall-name" role="gridcell">
      <span class="rails" aria-hidden="true">
        {row.rails.map((goesOn, index) => {
          const isOwn = index === row.rails.length - 1;
          const kind = isOwn ? (goesOn ? 'is-branch' : 'is-last') : goesOn ? 'is-through' : '';
          return <i key={index} class={`rail ${kind}`} />;
        })}
      </span>
      {row.isOpen === undefined ? (
        <i class="fall-toggle is-leaf" />
      ) : (
        <button
          type="button"
          class="fall-toggle"
          tabIndex={-1}
          aria-label={row.isOpen ? 'close' : 'open'}
          onClick={(event) => {
            event.stopPropagation();
            onToggle();
          }}
        >
          <svg viewBox="0 0 8 8" aria-hidden="true">
            <path d={row.isOpen ? 'M0 2h8L4 7z' : 'M2 0v8l5-4z'} />
          </svg>
        </button>
      )}
      {row.kind === 'span' ? (
        <SpanName row={row} model={model} />
      ) : row.kind === 'repeat' ? (
        <RepeatName row={row} />
      ) : (
        <span class="cut is-warn" title={`span ${row.parentId} is named as a parent and is not held`}>
          <Mark state="warn" label="not held" /> parent {row.parentId.slice(0, 8)}… is not held: lost, late,
          or dropped
        </span>
      )}
    </div>
  );
}

function SpanName({
  row: { node, isOpen },
  model,
}: {
  readonly row: SpanRowItem;
  readonly model: TraceModel;
}) {
  const { span, logs, descendants, failures } = node;
  const isEntry = node.parent?.span.service !== span.service;
  const title = spanTitle(span);
  const { bottleneck } = model.view;
  return (
    <span class="fall-text">
      {span.isFailed && <Mark state="fail" label="failed" />}
      {!span.isFailed && isOpen === false && failures > 0 && (
        <Mark state="fail" label={`${counted(failures, 'span')} below failed`} />
      )}
      {isEntry && <b class="fall-service">{span.service}</b>}
      <span class={isEntry ? 'cut' : 'cut is-own'} title={`${span.service}  ${span.name}`}>
        {span.name}
        {title !== span.name && <span class="quiet">{title.slice(span.name.length)}</span>}
      </span>
      {span.http >= 400 && <span class={span.http >= 500 ? 'is-fail' : 'is-warn'}>{span.http}</span>}
      {isOpen === false && <span class="bubble">{count(descendants)}</span>}
      {logs.length > 0 && (
        <span class="quiet fall-logs">{logs.length === 1 ? 'log' : `${logs.length} logs`}</span>
      )}
      {bottleneck?.spanId === span.spanId && bottleneck.share >= leastShown && (
        <span class="here" title="Most of the time of the trace goes here (b)">
          ◀ {figures(bottleneck.share * 100)} %
        </span>
      )}
    </span>
  );
}

function RepeatName({ row: { nodes, failures } }: { readonly row: RepeatRowItem }) {
  const { span } = nodes[0] as SpanNode;
  return (
    <span class="fall-text">
      {failures > 0 && <Mark state="fail" label={`${failures} failed`} />}
      <b class="nowrap">{count(nodes.length)} ×</b>
      <span class="cut" title={`${span.service}  ${span.name}`}>
        {span.name}
      </span>
      {failures > 0 && <span class="is-fail nowrap">{failures} failed</span>}
    </span>
  );
}

/** A span to blame for less is not worth pointing at. */
const leastShown = 0.05;

const bar = { top: 10, height: 8 };
const heavy = { top: 7, height: 14 };

function Bars({ row, model, range, width, onLog }: RowProps) {
  if (width <= 0 || row.kind === 'missing') return null;
  const nodes = row.kind === 'span' ? [row.node] : row.nodes;
  const whole = (parts: readonly Segment[], least = 1) => pixelSegments(parts, range, width, least);
  const spans = whole(
    nodes.map(({ span }) => [span.offsetMs, span.offsetMs + span.durationMs]),
    2,
  );
  const critical = whole(nodes.flatMap(({ span }) => span.critical));
  const gaps = row.kind === 'span' ? whole(row.node.span.gaps).filter(([from, to]) => to - from >= 4) : [];
  const logs = nodes.flatMap((node) => node.logs);
  const marks = pixelMarks(logs, model.logOffset, range, width);
  return (
    <svg
      class="fall-svg"
      width={width}
      height={ROW_HEIGHT}
      viewBox={`0 0 ${width} ${ROW_HEIGHT}`}
      aria-hidden="true"
    >
      <path class="bar" d={rectanglesPath(spans, bar.top, bar.height)} />
      <path class="bar-critical" d={rectanglesPath(critical, heavy.top, heavy.height)} />
      <path
        class="bar-gap"
        d={rectanglesPath(
          gaps.map(([from, to]) => [from + 1, to - 1]),
          bar.top + 2,
          bar.height - 4,
        )}
      />
      {marks.map(({ x, items }) => {
        const worst = items.reduce((most, line) => (line.severity > most.severity ? line : most));
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: the key l does the same, and the rows of lines.
          <path
            key={x}
            class={`log-mark level-${worst.level}`}
            d={`M${x} 1l4 4l-4 4l-4-4z`}
            onClick={(event) => {
              event.stopPropagation();
              onLog(worst);
            }}
          >
            <title>
              {items.length > 1 ? `${items.length} lines, the worst: ` : ''}
              {worst.level} {worst.body.slice(0, 200)}
            </title>
          </path>
        );
      })}
    </svg>
  );
}

function Numbers({ row }: { readonly row: WaterfallRow }) {
  if (row.kind === 'missing')
    return (
      <>
        <div class="fall-number" role="gridcell" />
        <div class="fall-number fall-self" role="gridcell" />
      </>
    );
  const isRepeat = row.kind === 'repeat';
  const total = isRepeat ? row.busyMs : row.node.span.durationMs;
  const self = isRepeat ? row.nodes.reduce((sum, { span }) => sum + span.selfMs, 0) : row.node.span.selfMs;
  return (
    <>
      <div class="fall-number" role="gridcell">
        {duration(total)}
      </div>
      <div class="fall-number fall-self" role="gridcell">
        {self >= 0.0005 ? duration(self) : ''}
      </div>
    </>
  );
}
