import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { theme } from '../frame/theme.js';
import { clock, counted, duration } from '../parts/format.js';
import {
  cellNear,
  type Dot,
  durationAt,
  durationTicks,
  type ScatterCell,
  type ScatterScale,
  scatterCells,
  scatterScale,
  timeAt,
  xOf,
  yOf,
} from './scatter-grid.js';

interface ScatterProps {
  readonly dots: readonly Dot[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly onBrush: (fromMs: number, toMs: number, leastMs: number, mostMs: number) => void;
  readonly onOpen: (index: number) => void;
}

const height = 148;
const leastDragPx = 5;

interface Drag {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** Traces over time by how long they took; what is dragged over is looked at, a dot that is pressed is opened. */
export function Scatter({ dots, fromMs, toMs, onBrush, onOpen }: ScatterProps) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [drag, setDrag] = useState<Drag | undefined>();
  const [near, setNear] = useState<ScatterCell | undefined>();
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    setWidth(element.clientWidth);
    return () => observer.disconnect();
  }, []);
  const scale = useMemo(
    () => scatterScale(dots, fromMs, toMs, Math.max(1, width), height),
    [dots, fromMs, toMs, width],
  );
  const cells = useMemo(() => scatterCells(dots, scale), [dots, scale]);
  const scheme = theme.value;
  useEffect(() => {
    if (canvas.current !== null && width > 0) draw(canvas.current, cells, scale);
  }, [cells, scale, width, scheme]);
  const placeOf = (event: PointerEvent) => {
    const bounds = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
  };
  const isDragged = (one: Drag) =>
    Math.max(Math.abs(one.x1 - one.x0), Math.abs(one.y1 - one.y0)) >= leastDragPx;
  const end = () => {
    if (drag === undefined) return;
    setDrag(undefined);
    if (!isDragged(drag)) {
      const cell = cellNear(cells, drag.x0, drag.y0);
      if (cell !== undefined) onOpen(cell.slowest);
      return;
    }
    const [x0, x1] = [Math.min(drag.x0, drag.x1), Math.max(drag.x0, drag.x1)];
    const [y0, y1] = [Math.min(drag.y0, drag.y1), Math.max(drag.y0, drag.y1)];
    onBrush(timeAt(scale, x0), timeAt(scale, x1), durationAt(scale, y1), durationAt(scale, y0));
  };
  const failures = dots.reduce((sum, { isFailed }) => sum + (isFailed ? 1 : 0), 0);
  const dot = near === undefined ? undefined : dots[near.slowest];
  return (
    <figure
      class="scatter"
      aria-label={`${counted(dots.length, 'trace')} by time and duration, ${failures} failed`}
    >
      <div class="scatter-axis" aria-hidden="true">
        {durationTicks(scale).map((ms) => (
          <span key={ms} style={{ top: `${yOf(scale, ms)}px` }}>
            {duration(ms)}
          </span>
        ))}
      </div>
      <div
        ref={box}
        class="scatter-box"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          const { x, y } = placeOf(event);
          setDrag({ x0: x, y0: y, x1: x, y1: y });
        }}
        onPointerMove={(event) => {
          const { x, y } = placeOf(event);
          if (drag !== undefined) setDrag({ ...drag, x1: x, y1: y });
          else setNear(cellNear(cells, x, y));
        }}
        onPointerUp={end}
        onPointerLeave={() => setNear(undefined)}
      >
        <canvas ref={canvas} />
        {drag !== undefined && isDragged(drag) && (
          <i
            class="scatter-drag"
            style={{
              left: `${Math.min(drag.x0, drag.x1)}px`,
              top: `${Math.min(drag.y0, drag.y1)}px`,
              width: `${Math.abs(drag.x1 - drag.x0)}px`,
              height: `${Math.abs(drag.y1 - drag.y0)}px`,
            }}
          />
        )}
        {near !== undefined && dot !== undefined && drag === undefined && (
          <span
            class={near.x > width - 240 ? 'scatter-note is-left' : 'scatter-note'}
            style={{ left: `${near.x}px`, top: `${Math.min(near.y, height - 40)}px` }}
          >
            {near.count > 1 ? `${counted(near.count, 'trace')}, the slowest ` : ''}
            {duration(dot.durationMs)} at {clock(dot.timeMs)}
            {near.failures > 0 && (
              <span class="is-fail"> {near.count > 1 ? `${near.failures} failed` : 'failed'}</span>
            )}
          </span>
        )}
        <span class="scatter-times" aria-hidden="true">
          {[0, 0.25, 0.5, 0.75, 1].map((share) => (
            <span key={share}>{clock(fromMs + share * (toMs - fromMs))}</span>
          ))}
        </span>
      </div>
    </figure>
  );
}

function draw(canvas: HTMLCanvasElement, cells: readonly ScatterCell[], scale: ScatterScale): void {
  const ratio = devicePixelRatio;
  canvas.width = scale.width * ratio;
  canvas.height = scale.height * ratio;
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.scale(ratio, ratio);
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name);
  context.strokeStyle = colour('--n2');
  context.beginPath();
  for (const ms of durationTicks(scale)) {
    const y = Math.round(yOf(scale, ms)) + 0.5;
    context.moveTo(0, y);
    context.lineTo(scale.width, y);
  }
  for (const share of [0.25, 0.5, 0.75]) {
    const x = Math.round(xOf(scale, scale.fromMs + share * (scale.toMs - scale.fromMs))) + 0.5;
    context.moveTo(x, 0);
    context.lineTo(x, scale.height);
  }
  context.stroke();
  context.fillStyle = colour('--accent');
  for (const { x, y, count } of cells) {
    context.globalAlpha = Math.min(0.95, 0.45 + Math.log10(count) * 0.3);
    context.beginPath();
    context.arc(x, y, Math.min(4.5, 2 + Math.log10(count)), 0, 7);
    context.fill();
  }
  // Failed ones lie above the others, and are squares: it is seen without colours, too.
  context.globalAlpha = 1;
  context.fillStyle = colour('--fail');
  for (const { x, y, failures } of cells) if (failures > 0) context.fillRect(x - 3, y - 3, 6, 6);
}
