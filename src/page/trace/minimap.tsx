import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { theme } from '../frame/theme.js';
import { duration } from '../parts/format.js';
import { hueNumber } from '../parts/hue.js';
import { rangeWithin, type TimeRange } from './time-scale.js';
import type { TraceModel } from './trace-model.js';

interface MinimapProps {
  readonly model: TraceModel;
  readonly range: TimeRange;
  readonly onRange: (range: TimeRange) => void;
}

const height = 44;
/** A drag shorter than that is a press: it shows the whole again. */
const leastDragPx = 4;

/** The whole trace in a strip, each span a line; what is dragged over is zoomed to. */
export function Minimap({ model, range, onRange }: MinimapProps) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [drag, setDrag] = useState<{ from: number; to: number } | undefined>();
  const wholeMs = Math.max(model.view.durationMs, 0.001);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    setWidth(element.clientWidth);
    return () => observer.disconnect();
  }, []);
  const scheme = theme.value;
  useEffect(() => {
    if (canvas.current !== null && width > 0) draw(canvas.current, model, width);
  }, [model, width, scheme]);
  const at = (event: PointerEvent) => {
    const bounds = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return Math.min(Math.max(0, (event.clientX - bounds.left) / bounds.width), 1) * wholeMs;
  };
  const shown =
    drag === undefined ? range : { from: Math.min(drag.from, drag.to), to: Math.max(drag.from, drag.to) };
  const percent = (ms: number) => `${(ms / wholeMs) * 100}%`;
  const isWhole = range.to - range.from >= wholeMs * 0.9999;
  return (
    <div class="minimap-row">
      <div
        ref={box}
        class="minimap"
        title="Drag to look at a part of the time"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag({ from: at(event), to: at(event) });
        }}
        onPointerMove={(event) => drag !== undefined && setDrag({ from: drag.from, to: at(event) })}
        onPointerUp={() => {
          if (drag === undefined) return;
          const isDragged = (Math.abs(drag.to - drag.from) / wholeMs) * width >= leastDragPx;
          onRange(isDragged ? rangeWithin(shown, wholeMs) : { from: 0, to: wholeMs });
          setDrag(undefined);
        }}
      >
        <canvas ref={canvas} width={width} height={height} />
        {(!isWhole || drag !== undefined) && (
          <>
            <i class="minimap-shade" style={{ left: '0', width: percent(shown.from) }} />
            <i class="minimap-shade" style={{ left: percent(shown.to), right: '0' }} />
            <i
              class="minimap-edge"
              style={{ left: percent(shown.from), width: percent(shown.to - shown.from) }}
            />
          </>
        )}
      </div>
      {!isWhole && (
        <p class="minimap-note">
          {duration(range.from)} to {duration(range.to)} of {duration(wholeMs)}
          <button type="button" class="link" onClick={() => onRange({ from: 0, to: wholeMs })}>
            whole trace
          </button>
        </p>
      )}
    </div>
  );
}

function draw(canvas: HTMLCanvasElement, { nodes, view }: TraceModel, width: number): void {
  const ratio = devicePixelRatio;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.scale(ratio, ratio);
  const style = getComputedStyle(document.documentElement);
  const hues = Array.from({ length: 12 }, (_one, index) => style.getPropertyValue(`--identity-${index}`));
  const fail = style.getPropertyValue('--fail');
  const wholeMs = Math.max(view.durationMs, 0.001);
  const step = (height - 6) / Math.max(nodes.length, 8);
  const thick = Math.max(1, Math.min(4, step * 0.7));
  const hueOf = new Map(view.services.map(({ service }) => [service, hues[hueNumber(service)] ?? fail]));
  // Spans that come one after the other on one line of pixels are one rectangle: of 10,000 a few hundred are left.
  let drawn = { top: 0, left: 0, right: -1, alpha: 1, colour: '' };
  const put = () => {
    if (drawn.right < drawn.left) return;
    context.globalAlpha = drawn.alpha;
    context.fillStyle = drawn.colour;
    context.fillRect(drawn.left, drawn.top, drawn.right - drawn.left, thick);
  };
  for (const { span, index } of nodes) {
    const left = (span.offsetMs / wholeMs) * width;
    const right = left + Math.max(1, (span.durationMs / wholeMs) * width);
    const top = 3 + Math.round(index * step * ratio) / ratio;
    const alpha = span.criticalMs > 0 ? 1 : 0.45;
    const colour = span.isFailed ? fail : (hueOf.get(span.service) ?? fail);
    const goesOn = drawn.top === top && drawn.alpha === alpha && drawn.colour === colour;
    if (goesOn && left >= drawn.left && left <= drawn.right + 0.5) drawn.right = Math.max(drawn.right, right);
    else {
      put();
      drawn = { top, left, right, alpha, colour };
    }
  }
  put();
}
