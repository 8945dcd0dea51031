import { useLayoutEffect, useRef } from 'preact/hooks';
import type { HeatAnswer } from '../data/answers.js';
import { theme } from '../frame/theme.js';
import type { Scale } from './scale.js';

interface HeatProps {
  readonly of: HeatAnswer;
  readonly scale: Scale;
  readonly x: (ms: number) => number;
  readonly width: number;
  readonly height: number;
}

/** Four buckets an octave, as the console answers. */
const bucketWidth = 2 ** 0.25;

/** How durations are spread over time: the darker, the more requests took so long. */
export function Heat({ of: { steps, stepMs }, scale, x, width, height }: HeatProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const dark = theme.value;
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (element == null || context == null) return;
    const ratio = devicePixelRatio;
    element.width = Math.max(1, Math.round(width * ratio));
    element.height = Math.max(1, Math.round(height * ratio));
    context.scale(ratio, ratio);
    context.fillStyle = getComputedStyle(element).getPropertyValue('--accent');
    let most = 1;
    for (const { buckets } of steps) for (const { count } of buckets) most = Math.max(most, count);
    for (const { timeMs, buckets } of steps) {
      const left = x(timeMs);
      const wide = Math.max(1, x(timeMs + stepMs) - left - 0.5);
      for (const { uptoMs, count } of buckets) {
        const top = scale.at(uptoMs);
        const tall = Math.max(1.5, scale.at(uptoMs / bucketWidth) - top - 0.5);
        context.globalAlpha = 0.08 + 0.62 * Math.sqrt(count / most);
        context.fillRect(left, top, wide, tall);
      }
    }
  }, [steps, width, height, dark, x, scale]);
  return (
    <foreignObject width={width} height={height}>
      <canvas ref={canvas} class="heat" style={{ width: `${width}px`, height: `${height}px` }} />
    </foreignObject>
  );
}

/** The shortest and the longest duration that there is. */
export function rangeOf({ steps }: HeatAnswer): { readonly least: number; readonly most: number } {
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (const { buckets } of steps) {
    for (const { uptoMs } of buckets) {
      least = Math.min(least, uptoMs / bucketWidth);
      most = Math.max(most, uptoMs);
    }
  }
  return most === 0 ? { least: 1, most: 1_000 } : { least, most };
}
