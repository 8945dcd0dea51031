import type { SpanContext } from '@opentelemetry/api';
import { asksToKeep } from './kept-state.js';

/** The names of OTEL_TRACES_SAMPLER. */
export const SAMPLER_NAMES = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;
export type SamplerName = (typeof SAMPLER_NAMES)[number];

/** Decides at the start of a span; the parent is the span's own, remote or local. */
export type Sampler = (parent: SpanContext | undefined, traceId: string) => boolean;

const randomDigits = 14;
const randomRange = 2 ** 56;

/**
 * A sampler by its environment name. The ratio keeps a trace when the right-most 56 bits of its id are at or above the rejection
 * threshold, so that every service with the same ratio decides alike (OpenTelemetry, "TraceState: Probability Sampling").
 */
export function createSampler(name: SamplerName, ratio: number): Sampler {
  const root: Sampler = name.endsWith('always_off')
    ? () => false
    : name.endsWith('traceidratio')
      ? byRatio(ratio)
      : () => true;
  if (!name.startsWith('parentbased_')) return root;
  return (parent, traceId) =>
    parent === undefined ? root(parent, traceId) : (parent.traceFlags & 1) !== 0 || asksToKeep(parent);
}

function byRatio(ratio: number): Sampler {
  if (ratio >= 1) return () => true;
  if (ratio <= 0) return () => false;
  const threshold = Math.round((1 - ratio) * randomRange);
  if (threshold >= randomRange) return () => false;
  // As text: 56 bits do not fit into a number.
  const first = threshold.toString(16).padStart(randomDigits, '0');
  return (_parent, traceId) => traceId.slice(-randomDigits) >= first;
}
