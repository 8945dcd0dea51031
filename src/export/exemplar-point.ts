import type { HrTime } from '@opentelemetry/api';
import type { Clock } from '../core/clock.js';
import { toHrTime } from '../core/time.js';
import type { Exemplar } from '../metrics/exemplars.js';

/** An exemplar as an output writes it. */
export interface PointExemplar {
  readonly traceId: string;
  readonly spanId: string;
  readonly value: number;
  readonly time: HrTime;
}

/** What a data point of ours may have beside what the SDK knows: it collects no exemplars yet, and its points have no place for them. */
export interface ExemplarPoint {
  /** The smallest value first. */
  readonly exemplars?: readonly PointExemplar[];
}

export function toPointExemplar({ traceId, spanId, value, atMs }: Exemplar, clock: Clock): PointExemplar {
  return { traceId, spanId, value, time: toHrTime(clock.epochMs(atMs)) };
}

/** The exemplars of any data point, the smallest value first. */
export function exemplarsOf(point: object): readonly PointExemplar[] {
  return (point as ExemplarPoint).exemplars ?? [];
}
