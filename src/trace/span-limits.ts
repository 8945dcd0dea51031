import { type AttributeLimits, DEFAULT_COUNT, resolveAttributeLimits } from '../core/attribute-limits.js';
import type { Environment } from '../core/environment.js';

/** What a span may hold. */
export interface SpanLimits {
  readonly attributes: AttributeLimits;
  readonly events: number;
  readonly links: number;
  readonly eventAttributes: AttributeLimits;
  readonly linkAttributes: AttributeLimits;
}

/**
 * The limits that the environment sets; undefined where it sets none: then no attribute of our own is counted.
 * @see OpenTelemetry, "Span limits"
 */
export function resolveSpanLimits(env: Environment): SpanLimits | undefined {
  const attributes = resolveAttributeLimits('SPAN', env);
  const { chars } = attributes;
  const limits: SpanLimits = Object.freeze({
    attributes,
    events: env.integer('OTEL_SPAN_EVENT_COUNT_LIMIT', DEFAULT_COUNT, 0),
    links: env.integer('OTEL_SPAN_LINK_COUNT_LIMIT', DEFAULT_COUNT, 0),
    eventAttributes: { count: env.integer('OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', DEFAULT_COUNT, 0), chars },
    linkAttributes: { count: env.integer('OTEL_LINK_ATTRIBUTE_COUNT_LIMIT', DEFAULT_COUNT, 0), chars },
  });
  const counts = [attributes.count, limits.events, limits.links];
  counts.push(limits.eventAttributes.count, limits.linkAttributes.count);
  const isDefault = chars === Number.POSITIVE_INFINITY && counts.every((count) => count === DEFAULT_COUNT);
  return isDefault ? undefined : limits;
}

const noLimit = { count: DEFAULT_COUNT, chars: Number.POSITIVE_INFINITY };

export const DEFAULT_SPAN_LIMITS: SpanLimits = Object.freeze({
  attributes: noLimit,
  events: DEFAULT_COUNT,
  links: DEFAULT_COUNT,
  eventAttributes: noLimit,
  linkAttributes: noLimit,
});
