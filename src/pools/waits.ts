import { type Attributes, type Context, type Span, type SpanContext, SpanKind } from '@opentelemetry/api';
import { activeContext } from '../context/storage.js';
import { isSuppressed } from '../context/suppressed.js';
import type { Clock } from '../core/clock.js';
import { failureOf } from '../core/database-failure.js';
import type { Faults } from '../core/faults.js';
import type { Recordable, Sum } from '../metrics/instrument.js';
import type { CallTracing, TracedCall } from '../trace/call-tracing.js';
import type { Candidate } from '../trace/keeper.js';
import { type AttributeSink, collected } from '../trace/shared-attributes.js';

/** Why a pool does not give a connection at once: `wait` for one that is in use, `create` for a new one. */
export type Delay = 'wait' | 'create' | undefined;

/** The recorders for the times of one pool; undefined for times that are not recorded. */
export interface PoolTimes {
  readonly wait: Recordable | undefined;
  readonly use: Recordable | undefined;
  readonly create: Recordable | undefined;
  readonly timeouts: Sum;
}

/** A caller that waits for a connection of a pool. */
export class Wait implements TracedCall {
  readonly startMs: number;
  endMs: number;
  readonly context: Context;
  readonly pool: string;
  delay: Delay;
  /** When the pool began to make a connection for it. */
  createMs: number;
  isAnswered: boolean;
  inner: Context;
  parent: SpanContext | undefined;
  spanContext: SpanContext | undefined;
  candidate: Candidate | undefined;
  span: Span | undefined;
  errorType: string | undefined;

  constructor(startMs: number, context: Context, pool: string) {
    this.startMs = startMs;
    this.endMs = -1;
    this.context = context;
    this.pool = pool;
    this.delay = undefined;
    this.createMs = -1;
    this.isAnswered = false;
    this.inner = context;
    this.parent = undefined;
    this.spanContext = undefined;
    this.candidate = undefined;
    this.span = undefined;
    this.errorType = undefined;
  }

  get spanKind(): SpanKind {
    return SpanKind.INTERNAL;
  }

  get spanName(): string {
    return `${this.pool} connection ${this.delay}`;
  }

  sharedAttributes(): undefined {
    return undefined;
  }

  ownAttributes(): Attributes {
    return collected(this);
  }

  describeOwn(to: AttributeSink): void {
    to.attribute('db.client.connection.pool.name', this.pool);
    if (this.errorType !== undefined) to.attribute('error.type', this.errorType);
  }
}

export interface WaitsParts {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly tracing: CallTracing;
  readonly name: string;
  readonly times: PoolTimes;
}

/** Follows a pool's connections from being asked for to being given back. Nothing here throws. */
export class Waits {
  readonly #parts: WaitsParts;
  /** One per connection for as long as it lives; while `since` is below 0 the connection is idle. */
  readonly #uses = new WeakMap<object, { since: number }>();

  constructor(parts: WaitsParts) {
    this.#parts = parts;
  }

  /** A caller asks in the active context; undefined where that is not observed. */
  ask(): Wait | undefined {
    const context = activeContext();
    if (isSuppressed(context)) return undefined;
    return new Wait(this.#parts.clock.now(), context, this.#parts.name);
  }

  /** The caller stands in the queue: its span begins. */
  queued(wait: Wait): void {
    this.#delayed(wait, 'wait');
  }

  /** The pool makes a connection for this caller, from now on or since then: at once or after a time in the queue. */
  creating(wait: Wait, sinceMs = this.#parts.clock.now()): void {
    wait.createMs = sinceMs;
    this.#delayed(wait, 'create');
  }

  #delayed(wait: Wait, delay: Delay): void {
    const hasBegun = wait.delay !== undefined;
    if (wait.isAnswered) return;
    wait.delay = delay;
    const { faults, tracing } = this.#parts;
    try {
      if (!hasBegun) tracing.begin(wait);
      else wait.span?.updateName(wait.spanName);
    } catch (error) {
      faults.caught('pools.wait', error);
    }
  }

  /** The caller has its answer. */
  answered(wait: Wait, error: unknown): void {
    if (wait.isAnswered) return;
    wait.isAnswered = true;
    const { clock, faults, tracing, times } = this.#parts;
    try {
      const endMs = clock.now();
      if (error !== undefined && error !== null) {
        wait.errorType = failureOf(error).errorType;
        if (isTimeout(wait.errorType)) times.timeouts.add(1);
      } else {
        times.wait?.record((endMs - wait.startMs) / 1_000);
        if (wait.delay === 'create') times.create?.record((endMs - wait.createMs) / 1_000);
      }
      if (wait.delay !== undefined) tracing.end(wait, endMs);
    } catch (fault) {
      faults.caught('pools.wait', fault);
    }
  }

  /** A connection is in use from now on. */
  taken(connection: unknown): void {
    if (typeof connection !== 'object' || connection === null) return;
    const use = this.#uses.get(connection);
    if (use === undefined) this.#uses.set(connection, { since: this.#parts.clock.now() });
    else use.since = this.#parts.clock.now();
  }

  givenBack(connection: unknown): void {
    const use = this.#uses.get(connection as object);
    if (use === undefined || use.since < 0) return;
    this.#parts.times.use?.record((this.#parts.clock.now() - use.since) / 1_000);
    use.since = -1;
  }
}

function isTimeout(errorType: string): boolean {
  return /time-?out|TIMEDOUT/i.test(errorType);
}
