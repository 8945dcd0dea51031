import type { SpanContext } from '@opentelemetry/api';

/** What a measurement is of, where it may be kept as an example: a request or call with its span. */
export interface ExemplarSource {
  /** Undefined where it is not sampled. */
  readonly exemplarContext: SpanContext | undefined;
  /** When it began, by the monotonic clock. */
  readonly startMs: number;
}

/** One measurement of a bucket, with the trace in which it can be looked at. */
export interface Exemplar {
  readonly traceId: string;
  readonly spanId: string;
  /** In seconds. */
  readonly value: number;
  /** When it was measured, by the monotonic clock. */
  readonly atMs: number;
}

type Slot = { -readonly [Field in keyof Exemplar]: Exemplar[Field] };

/** How long the slowest of a bucket stays before any other may take its place. */
const windowMs = 15_000;

const SAMPLED = 1;

/**
 * The examples of one histogram series, one for each bucket: the slowest sampled measurement of some 15 s. Failed requests need no
 * preference, for they have series of their own. A slot is made once and then written over.
 */
export class Exemplars {
  readonly #slots: (Slot | undefined)[];

  constructor(buckets: number) {
    this.#slots = new Array<Slot | undefined>(buckets).fill(undefined);
  }

  /** Takes a duration in seconds into account. */
  offer(bucket: number, value: number, source: ExemplarSource): void {
    const slot = this.#slots[bucket];
    const atMs = source.startMs + value * 1_000;
    if (slot !== undefined && value <= slot.value && atMs - slot.atMs < windowMs) return;
    const context = source.exemplarContext;
    if (context === undefined || (context.traceFlags & SAMPLED) === 0) return;
    const { traceId, spanId } = context;
    if (slot === undefined) this.#slots[bucket] = { traceId, spanId, value, atMs };
    else {
      slot.traceId = traceId;
      slot.spanId = spanId;
      slot.value = value;
      slot.atMs = atMs;
    }
  }

  /** Those measured after `ms` of the monotonic clock, the fastest first; copies, for a slot changes. */
  since(ms: number): Exemplar[] {
    const found: Exemplar[] = [];
    for (const slot of this.#slots) if (slot !== undefined && slot.atMs > ms) found.push({ ...slot });
    return found;
  }
}
