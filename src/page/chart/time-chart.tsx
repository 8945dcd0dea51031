import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { brush } from '../address/time-window.js';
import { clock } from '../parts/format.js';
import { Scroller } from '../parts/scroller.js';
import { linearScale, type Scale, timeTicks } from './scale.js';

export interface Line {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** Names its colour: `line-1` and so on, `line-fail`. */
  readonly class: string;
  readonly isArea?: boolean;
}

export interface TimeChartProps {
  readonly title: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** The beginning of each value. */
  readonly times: readonly number[];
  /** Values are of these moments, and not of the time from one to the next. */
  readonly isOfMoments?: boolean;
  readonly stepMs: number;
  readonly lines: readonly Line[];
  readonly format: (value: number | null) => string;
  readonly scale?: (height: number) => Scale;
  readonly threshold?: { readonly value: number; readonly label: string } | undefined;
  /** What lies behind the lines. */
  readonly behind?: (
    scale: Scale,
    x: (ms: number) => number,
    width: number,
    height: number,
  ) => ComponentChildren;
  /** Where a click on a point of time leads; undefined for nowhere. */
  readonly exampleAt?: (index: number) => (() => void) | undefined;
  readonly hasAxis?: boolean;
  /** Its lines are at round multiples of it. */
  readonly base?: number;
  readonly height?: number;
}

/** The time under the pointer, for all charts of a page. */
export const cursorMs = signal<number | undefined>(undefined);

export const GUTTER = 64;
const axisHeight = 20;
const leastBrush = 6;

/** Lines over time. All charts have one axis and one cursor; dragging looks at a part of the time. */
export function TimeChart(props: TimeChartProps) {
  const {
    title,
    fromMs,
    toMs,
    times,
    stepMs,
    lines,
    format,
    threshold,
    exampleAt,
    isOfMoments = false,
    hasAxis = false,
    height = 84,
  } = props;
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [drag, setDrag] = useState<{ from: number; to: number }>();
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    if (box.current !== null) observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const inner = Math.max(0, width - GUTTER);
  const x = (ms: number) => ((ms - fromMs) / Math.max(1, toMs - fromMs)) * inner;
  const timeAt = (px: number) => fromMs + (px / Math.max(1, inner)) * (toMs - fromMs);
  const scale =
    props.scale?.(height) ??
    linearScale(Math.max(threshold?.value ?? 0, greatest(lines)), height, props.base);
  const cursor = cursorMs.value;
  const index =
    cursor === undefined ? -1 : Math.floor((cursor - (times[0] ?? 0)) / stepMs + (isOfMoments ? 0.5 : 0));
  const example = index >= 0 && index < times.length ? exampleAt?.(index) : undefined;
  const pixel = (event: PointerEvent) =>
    event.clientX - (event.currentTarget as Element).getBoundingClientRect().left;
  const onPointerUp = (event: PointerEvent) => {
    const from = drag?.from;
    setDrag(undefined);
    if (from === undefined) return;
    const to = pixel(event);
    if (Math.abs(to - from) >= leastBrush) brush(timeAt(Math.min(from, to)), timeAt(Math.max(from, to)));
    else example?.();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step !== undefined) {
      const at = Math.max(0, Math.min(times.length - 1, (index < 0 ? times.length : index) + step));
      cursorMs.value = (times[at] ?? fromMs) + stepMs / 2;
    } else if (event.key === 'Enter') example?.();
    else return;
    event.preventDefault();
  };
  const shownAt = index >= 0 && index < times.length ? index : lastIndex(lines);
  return (
    <figure class="chart">
      <figcaption class="chart-head">
        <h2>{title}</h2>
        {lines.map(({ label, values, class: name }) => (
          <span key={label} class="chart-legend">
            <i class={name} />
            <span class="quiet">{label}</span> <b>{format(values[shownAt] ?? null)}</b>
          </span>
        ))}
        {threshold !== undefined && (
          <span class="chart-legend">
            <i class="line-threshold" />
            <span class="quiet">{threshold.label}</span> <b>{format(threshold.value)}</b>
          </span>
        )}
        <span class="grow" />
        {cursor !== undefined && index >= 0 && <span class="quiet chart-at">{clock(cursor)}</span>}
        <ChartTable {...props} />
      </figcaption>
      <div ref={box} class="chart-box">
        {width > 0 && (
          <svg width={width} height={height + (hasAxis ? axisHeight : 4)} aria-hidden="true">
            <g transform={`translate(${GUTTER} 2)`}>
              {scale.ticks.map((tick) => (
                <g key={tick}>
                  <path class="grid" d={`M0 ${round(scale.at(tick))}H${inner}`} />
                  <text class="axis-text" x="-8" y={round(scale.at(tick)) + 4} text-anchor="end">
                    {format(tick)}
                  </text>
                </g>
              ))}
              {props.behind?.(scale, x, inner, height)}
              {lines.map(({ label, values, class: name, isArea = false }) => (
                <path
                  key={label}
                  class={isArea ? `${name} area` : name}
                  d={path(values, times, isOfMoments ? 0 : stepMs / 2, x, scale, isArea ? height : undefined)}
                />
              ))}
              {threshold !== undefined && (
                <path class="line-threshold" d={`M0 ${round(scale.at(threshold.value))}H${inner}`} />
              )}
              {cursor !== undefined && cursor >= fromMs && cursor <= toMs && (
                <path class="cursor" d={`M${round(x(cursor))} 0V${height}`} />
              )}
              {drag !== undefined && (
                <rect
                  class="brushed"
                  x={Math.min(drag.from, drag.to)}
                  width={Math.abs(drag.to - drag.from)}
                  height={height}
                />
              )}
              {hasAxis && <TimeAxis fromMs={fromMs} toMs={toMs} x={x} width={inner} y={height} />}
            </g>
          </svg>
        )}
        <div
          class={`chart-over ${example === undefined ? '' : 'has-example'}`}
          role="slider"
          tabIndex={0}
          aria-label={`${title} over time: arrows move the cursor${exampleAt === undefined ? '' : ', Enter opens the example trace'}`}
          aria-valuemin={0}
          aria-valuemax={Math.max(0, times.length - 1)}
          aria-valuenow={Math.max(0, shownAt)}
          aria-valuetext={`${clock(times[shownAt] ?? fromMs)}: ${lines.map(({ label, values }) => `${label} ${format(values[shownAt] ?? null)}`).join(', ')}`}
          onPointerMove={(event) => {
            const px = pixel(event);
            cursorMs.value = timeAt(px);
            if (drag !== undefined) setDrag({ from: drag.from, to: px });
          }}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            setDrag({ from: pixel(event), to: pixel(event) });
          }}
          onPointerUp={onPointerUp}
          onPointerLeave={() => {
            cursorMs.value = undefined;
          }}
          onKeyDown={onKeyDown}
        />
      </div>
    </figure>
  );
}

interface TimeAxisProps {
  readonly fromMs: number;
  readonly toMs: number;
  readonly x: (ms: number) => number;
  readonly width: number;
  readonly y: number;
}

export function TimeAxis({ fromMs, toMs, x, width, y }: TimeAxisProps) {
  const isShort = toMs - fromMs < 4 * 60_000;
  return (
    <g>
      {timeTicks(fromMs, toMs, Math.max(2, Math.floor(width / 96))).map((ms) => (
        <text
          key={ms}
          class="axis-text"
          x={round(x(ms))}
          y={y + 16}
          text-anchor={x(ms) > width - 20 ? 'end' : 'middle'}
        >
          {isShort ? clock(ms) : clock(ms).slice(0, 5)}
        </text>
      ))}
    </g>
  );
}

/** What the chart shows, as a table. */
function ChartTable({ title, times, lines, format }: TimeChartProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="chart-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary aria-label={`${title} as a table`}>table</summary>
      {isOpen && (
        <Scroller as="div" class="chart-table-box">
          <table class="table" aria-label={title}>
            <thead>
              <tr>
                <th scope="col">time</th>
                {lines.map(({ label }) => (
                  <th key={label} scope="col" class="number">
                    {label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {times.map((ms, index) => (
                <tr key={ms}>
                  <td>{clock(ms)}</td>
                  {lines.map(({ label, values }) => (
                    <td key={label} class="number">
                      {format(values[index] ?? null)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroller>
      )}
    </details>
  );
}

function greatest(lines: readonly Line[]): number {
  let most = 0;
  for (const { values } of lines)
    for (const value of values) if (value !== null && value > most) most = value;
  return most;
}

function lastIndex(lines: readonly Line[]): number {
  let last = -1;
  for (const { values } of lines) {
    const own = values.findLastIndex((value) => value !== null);
    if (own > last) last = own;
  }
  return last;
}

function path(
  values: readonly (number | null)[],
  times: readonly number[],
  /** From the time of a value to the middle of what it is of. */
  shiftMs: number,
  x: (ms: number) => number,
  scale: Scale,
  floor: number | undefined,
): string {
  let text = '';
  let first = -1;
  let last = 0;
  const close = () => {
    if (first >= 0 && floor !== undefined) text += `L${round(last)} ${floor}L${round(first)} ${floor}Z`;
    first = -1;
  };
  for (const [index, value] of values.entries()) {
    if (value === null || Number.isNaN(value)) {
      close();
      continue;
    }
    const px = Math.max(0, x((times[index] ?? 0) + shiftMs));
    text += `${first < 0 ? 'M' : 'L'}${round(px)} ${round(scale.at(value))}`;
    if (first < 0) first = px;
    last = px;
  }
  close();
  return text;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
