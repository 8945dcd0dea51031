import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { LogHistogram } from '../data/answers.js';
import { clock, count, counted } from '../parts/format.js';

const height = 72;
/** From the ground up: what matters most lies on the ground, where it can be compared. */
const order = ['fatal', 'error', 'warn', 'info', 'unspecified', 'debug', 'trace'];

/** How many lines there were over time, by level; what is dragged over is looked at. */
export function LogChart({
  histogram: { fromMs, stepMs, levels, steps },
  onBrush,
}: {
  readonly histogram: LogHistogram;
  readonly onBrush: (fromMs: number, toMs: number) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [drag, setDrag] = useState<{ from: number; to: number } | undefined>();
  const [at, setAt] = useState<number | undefined>();
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    setWidth(element.clientWidth);
    return () => observer.disconnect();
  }, []);
  const columns = steps.length;
  const counts = (level: string) => {
    const index = levels.indexOf(level);
    return steps.map((one) => one.counts[index] ?? 0);
  };
  const byLevel = order.map((level) => ({ level, counts: counts(level) }));
  const sums = steps.map((one) => one.counts.reduce((sum, value) => sum + value, 0));
  const total = sums.reduce((sum, value) => sum + value, 0);
  const most = Math.max(1, ...sums);
  const step = columns === 0 ? 0 : width / columns;
  const grounds = new Float64Array(columns);
  const paths = byLevel.map(({ level, counts: own }) => {
    let path = '';
    for (const [index, value] of own.entries()) {
      if (value === 0) continue;
      const from = grounds[index] as number;
      // A line of error among thousands of others is to be seen.
      const size = Math.max((value / most) * (height - 4), 2);
      grounds[index] = from + size;
      path += `M${(index * step).toFixed(1)} ${(height - from).toFixed(1)}h${Math.max(1, step - 1).toFixed(1)}v${(-size).toFixed(1)}h${(-Math.max(1, step - 1)).toFixed(1)}z`;
    }
    return { level, path };
  });
  const place = (event: PointerEvent) => {
    const bounds = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return Math.min(Math.max(0, event.clientX - bounds.left), bounds.width);
  };
  const time = (x: number) => fromMs + (x / Math.max(1, width)) * columns * stepMs;
  const words = byLevel
    .map(({ level, counts: own }) => ({ level, sum: own.reduce((all, one) => all + one, 0) }))
    .filter(({ sum }) => sum > 0)
    .map(({ level, sum }) => `${count(sum)} ${level}`);
  return (
    <figure class="log-chart" aria-label={`${counted(total, 'line')} over time: ${words.join(', ')}`}>
      <span class="log-chart-most" aria-hidden="true">
        {count(most)}
      </span>
      <div
        ref={box}
        class="log-chart-box"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag({ from: place(event), to: place(event) });
        }}
        onPointerMove={(event) => {
          if (drag !== undefined) setDrag({ ...drag, to: place(event) });
          else setAt(step === 0 ? undefined : Math.min(columns - 1, Math.floor(place(event) / step)));
        }}
        onPointerLeave={() => setAt(undefined)}
        onPointerUp={() => {
          if (drag === undefined) return;
          const [from, to] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)];
          setDrag(undefined);
          if (to - from >= 4) onBrush(time(from), time(to));
        }}
      >
        <svg width={width} height={height} aria-hidden="true">
          {paths.map(({ level, path }) => (
            <path key={level} class={`log-bar level-fill-${level}`} d={path} />
          ))}
        </svg>
        {drag !== undefined && (
          <i
            class="log-drag"
            style={{
              left: `${Math.min(drag.from, drag.to)}px`,
              width: `${Math.abs(drag.to - drag.from)}px`,
            }}
          />
        )}
        {at !== undefined && drag === undefined && (
          <span
            class={at * step > width - 260 ? 'scatter-note is-left' : 'scatter-note'}
            style={{ left: `${at * step}px`, top: '8px' }}
          >
            {clock(fromMs + at * stepMs)}{' '}
            {byLevel
              .map(({ level, counts: own }) => ({ level, value: own[at] ?? 0 }))
              .filter(({ value }) => value > 0)
              .map(({ level, value }) => `${count(value)} ${level}`)
              .join(', ') || 'no line'}
          </span>
        )}
        <span class="scatter-times" aria-hidden="true">
          {[0, 0.25, 0.5, 0.75, 1].map((share) => (
            <span key={share}>{clock(fromMs + share * columns * stepMs)}</span>
          ))}
        </span>
      </div>
    </figure>
  );
}
