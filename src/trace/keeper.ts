import { type Context, SpanStatusCode, type TraceState, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { FLAG_SAMPLED } from '../context/traceparent.js';
import type { Clock } from '../core/clock.js';
import type { KeepConfig } from './keep-options.js';
import { askingToKeep } from './kept-state.js';

/** For the spans that wait for the end of their local root, of all requests together. */
const mostBytes = 8 * 1_024 * 1_024;
/** What a span takes beside its texts. */
const spanBytes = 600;

/** The spans of one local root that have ended before it. */
interface Held {
  spans: ReadableSpan[];
  bytes: number;
}

/** What is known of a local root's span while it has not ended. */
type Root = Pick<ReadableSpan, 'status'>;

/** One local root of a trace that is not sampled: it may be kept all the same. */
export class Candidate {
  readonly startMs: number;
  /** Undefined for a call whose span is not made yet. */
  root: Root | undefined;
  /** Undefined until it is decided. */
  isKept: boolean | undefined;
  held: Held | undefined;

  constructor(startMs: number, root?: Root) {
    this.startMs = startMs;
    this.root = root;
    this.isKept = undefined;
    this.held = undefined;
  }
}

export interface KeeperParts {
  readonly config: KeepConfig;
  readonly clock: Clock;
  /** Gets the number of spans that were given up, as there was no room for them. */
  readonly onLimit: (count: number) => void;
  /** The candidate of a span that this library has made; undefined where it has none. */
  readonly candidateOf: (span: unknown) => Candidate | undefined;
  /** Takes a span that is kept; its context says that it is sampled. Must not throw. */
  readonly keep: (span: ReadableSpan) => void;
  /** Takes one that is not. Must not throw. */
  readonly discard: (span: ReadableSpan) => void;
}

/**
 * Keeps what matters of the traces that are not sampled: the spans of each local root wait until it ends, and are exported if it has
 * failed or was slow. What is known before, of one that already takes too long, goes on to the services asked from then on.
 */
export class Keeper {
  readonly #parts: KeeperParts;
  /** Of spans that the SDK has made for a user. */
  readonly #candidates = new WeakMap<object, Candidate>();
  /** The oldest first. */
  readonly #held = new Set<Held>();
  #bytes = 0;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** That of the span in a context; undefined where what begins there is a local root. */
  candidateIn(context: Context): Candidate | undefined {
    const span = trace.getSpan(context);
    if (span === undefined) return undefined;
    return this.#parts.candidateOf(span) ?? this.#candidates.get(span);
  }

  /** Follows a span of the SDK's that has begun in a context. */
  follow(span: object & Root, context: Context): void {
    const candidate = this.candidateIn(context) ?? new Candidate(this.#parts.clock.now(), span);
    this.#candidates.set(span, candidate);
  }

  candidateOfFollowed(span: object): Candidate | undefined {
    return this.#candidates.get(span);
  }

  /** What a call under this candidate sends as its `tracestate`. */
  stateFor(candidate: Candidate, state: TraceState | undefined): TraceState | undefined {
    return this.#isDue(candidate) ? askingToKeep(state) : state;
  }

  /** Whether a call that is a local root would be kept. */
  matters(durationMs: number, hasFailed: boolean): boolean {
    const { errors, slowerThanMs } = this.#parts.config;
    return (hasFailed && errors) || durationMs > slowerThanMs;
  }

  /** The span of the local root ends, after that time; gives whether it is kept. */
  decide(candidate: Candidate, durationMs: number, hasFailed: boolean): boolean {
    if (candidate.isKept === undefined) this.#settle(candidate, this.matters(durationMs, hasFailed));
    return candidate.isKept === true;
  }

  /** Takes a span that has ended. */
  ended(span: ReadableSpan, candidate: Candidate): void {
    if (span === candidate.root) this.decide(candidate, millisecondsOf(span), hasFailed(span));
    if (candidate.isKept === undefined && !this.#isDue(candidate)) this.#hold(span, candidate);
    else if (candidate.isKept === true) this.#keep(span);
    else this.#parts.discard(span);
  }

  /** Whether it is kept, as far as it is known before its end. */
  #isDue(candidate: Candidate): boolean {
    if (candidate.isKept === undefined) {
      const { root, startMs } = candidate;
      const isSure = this.matters(this.#parts.clock.now() - startMs, root !== undefined && hasFailed(root));
      if (isSure) this.#settle(candidate, true);
    }
    return candidate.isKept === true;
  }

  #settle(candidate: Candidate, isKept: boolean): void {
    candidate.isKept = isKept;
    const { held } = candidate;
    if (held === undefined) return;
    candidate.held = undefined;
    for (const span of this.#release(held)) {
      if (isKept) this.#keep(span);
      else this.#parts.discard(span);
    }
  }

  #keep(span: ReadableSpan): void {
    // Whoever exports spans asks for this flag.
    (span.spanContext() as { traceFlags: number }).traceFlags |= FLAG_SAMPLED;
    this.#parts.keep(span);
  }

  #hold(span: ReadableSpan, candidate: Candidate): void {
    candidate.held ??= { spans: [], bytes: 0 };
    const { held } = candidate;
    const bytes = sizeOf(span);
    held.spans.push(span);
    held.bytes += bytes;
    this.#bytes += bytes;
    this.#held.add(held);
    while (this.#bytes > mostBytes) {
      // The oldest: its local root may never end.
      const [oldest] = this.#held;
      if (oldest === undefined) return;
      this.#parts.onLimit(oldest.spans.length);
      for (const each of this.#release(oldest)) this.#parts.discard(each);
    }
  }

  #release(held: Held): readonly ReadableSpan[] {
    const { spans } = held;
    this.#held.delete(held);
    this.#bytes -= held.bytes;
    held.spans = [];
    held.bytes = 0;
    return spans;
  }
}

function hasFailed({ status }: Root): boolean {
  return status.code === SpanStatusCode.ERROR;
}

function millisecondsOf({ duration: [seconds, nanoseconds] }: ReadableSpan): number {
  return seconds * 1_000 + nanoseconds / 1e6;
}

/** About as many bytes of memory as it takes, but for what others share with it. */
function sizeOf(span: ReadableSpan & { readonly ownPart?: ReadableSpan['attributes'] }): number {
  let bytes = spanBytes + textsOf(span.ownPart ?? span.attributes);
  for (const { name, attributes } of span.events) bytes += 100 + name.length + textsOf(attributes ?? {});
  return bytes;
}

function textsOf(attributes: ReadableSpan['attributes']): number {
  let chars = 0;
  for (const key in attributes) {
    const value = attributes[key];
    chars += typeof value === 'string' ? value.length : Array.isArray(value) ? String(value).length : 8;
  }
  return chars;
}
