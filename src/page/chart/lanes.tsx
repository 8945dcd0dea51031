import { useEffect, useRef, useState } from 'preact/hooks';
import { absolute } from '../parts/format.js';
import { cursorMs, GUTTER } from './time-chart.js';

export interface LanePart {
  readonly fromMs: number;
  readonly toMs: number;
  /** Names its colour: `fine`, `warn`, `fail`, `open`, `off`. */
  readonly state: string;
  readonly label: string;
}

export interface Lane {
  readonly name: string;
  /** The whole of the name, where that is too long. */
  readonly hint?: string;
  readonly parts: readonly LanePart[];
  readonly ticks?: readonly { readonly timeMs: number; readonly label: string }[];
}

interface LanesProps {
  readonly fromMs: number;
  readonly toMs: number;
  readonly lanes: readonly Lane[];
}

const laneHeight = 20;

/** States over time, on the axis of the charts under them. */
export function Lanes({ fromMs, toMs, lanes }: LanesProps) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    if (box.current !== null) observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const inner = Math.max(0, width - GUTTER);
  const x = (ms: number) =>
    Math.max(0, Math.min(inner, ((ms - fromMs) / Math.max(1, toMs - fromMs)) * inner));
  const cursor = cursorMs.value;
  return (
    <div ref={box} class="lanes">
      {lanes.map(({ name, hint = name, parts, ticks = [] }) => (
        <div key={hint} class="lane" role="img" aria-label={`${hint}: ${said(parts, ticks)}`}>
          <span class="lane-name cut" title={hint}>
            {name}
          </span>
          {width > 0 && (
            <svg width={inner} height={laneHeight} aria-hidden="true">
              <path class="grid" d={`M0 ${laneHeight / 2}H${inner}`} />
              {parts.map(({ fromMs: from, toMs: to, state, label }) => (
                <rect
                  key={`${from} ${state}`}
                  class={`part part-${state}`}
                  x={x(from)}
                  y="6"
                  width={Math.max(2, x(to) - x(from))}
                  height="8"
                >
                  <title>{label}</title>
                </rect>
              ))}
              {ticks
                .filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs)
                .map(({ timeMs, label }) => (
                  <path key={timeMs + label} class="tick-mark" d={`M${x(timeMs)} 3V17`}>
                    <title>{`${label} ${absolute(timeMs)}`}</title>
                  </path>
                ))}
              {cursor !== undefined && <path class="cursor" d={`M${x(cursor)} 0V${laneHeight}`} />}
            </svg>
          )}
        </div>
      ))}
    </div>
  );
}

function said(parts: readonly LanePart[], ticks: readonly { readonly label: string }[]): string {
  const texts = [...parts.map(({ label }) => label), ...ticks.map(({ label }) => label)];
  return texts.length === 0 ? 'nothing' : texts.slice(-5).join(', ');
}
