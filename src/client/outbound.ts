import { type Context, type Link, type Span, trace } from '@opentelemetry/api';
import type { Breaker } from '../breaker/breaker.js';
import { Circuit } from '../breaker/circuit.js';
import { createDeadline } from '../breaker/deadline.js';
import { IssuedPermit, type Permit } from '../breaker/permit.js';
import type { BreakerRegistry } from '../breaker/registry.js';
import type { Propagation } from '../context/propagators.js';
import type { Backlog } from '../core/backlog.js';
import type { Clock } from '../core/clock.js';
import type { Faults } from '../core/faults.js';
import type { Timers } from '../core/timers.js';
import { GoldenSignalsError } from '../errors.js';
import type { ClientRed } from '../metrics/client-red.js';
import type { Method } from '../metrics/http-methods.js';
import type { CallTracing } from '../trace/call-tracing.js';
import { type EvidenceParts, evidenceOf, reportEnd, reportStatus } from './call-evidence.js';
import { brokenOff, errorTypeOf } from './call-outcome.js';
import { OpenAnswer } from './open-answer.js';
import { type CallOwner, OutboundCall } from './outbound-call.js';
import { type HeaderAccess, writeContext } from './outbound-headers.js';
import { OwnServers, type ServerSource } from './own-servers.js';
import { Reading } from './reading.js';
import { RETRY_HEADER } from './retry-header.js';
import { createStallWatch, type StallWatch } from './stall.js';
import type { Target } from './target.js';

export interface OutboundParts {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly timers: Timers;
  readonly methodOf: (method: string | undefined) => Method;
  readonly tracing: CallTracing;
  readonly red: ClientRed | undefined;
  /** Where ended calls wait to be recorded in batches; undefined where each is recorded at once. */
  readonly backlog: Backlog | undefined;
  readonly propagation: Propagation;
  /** False for a host that gets neither trace context nor baggage. */
  readonly isPropagatedTo: (host: string, port: number) => boolean;
  readonly breakers: BreakerRegistry | undefined;
  /** True where calls to some upstream are repeated. */
  readonly mayRepeat: boolean;
  /** The servers of this process. */
  readonly ownServers: ServerSource;
  /** Where the time that is left is passed on to whom this service calls. */
  readonly deadlines?: OutboundDeadlines | undefined;
  /** Asks whether others observe a call made in a context; undefined where the SDK is ours. */
  readonly isTracedElsewhere?: ((context: Context) => boolean) | undefined;
}

/** The header that says how long a caller still waits, and what is left for a call made in a context; undefined for no end. */
interface OutboundDeadlines {
  readonly header: string;
  remainingMs(context: Context): number | undefined;
}

// After this time, a response whose body is not read is judged by its status.
const unreadBodyMs = 60_000;
const secondLookMs = 50;

/**
 * The one pipeline of every outgoing call: guard, span, headers, call, outcome. The clients in front of it only translate.
 */
export class Outbound implements CallOwner {
  readonly #parts: OutboundParts;
  readonly #stall: StallWatch;
  readonly #evidence: EvidenceParts;
  readonly #reading = new Reading();
  readonly #ownServers: OwnServers;
  /** The call whose outcome is being reported to its breaker: the cause of a transition that follows. */
  settling: OutboundCall | undefined;

  constructor(parts: OutboundParts) {
    const { clock, faults } = parts;
    this.#parts = parts;
    this.#stall = createStallWatch(clock, () => this.#onTick());
    this.#ownServers = new OwnServers(parts.ownServers);
    this.#evidence = {
      clock,
      faults,
      isStalled: () => this.#stall.isStalled(),
      isOwn: (call) => this.#ownServers.hasPeer(call.target.authority, call.peer),
    };
  }

  /** True when this process has just stood still, with calls under way. */
  get isStalled(): boolean {
    return this.#stall.isStalled();
  }

  get isBeside(): boolean {
    return this.#parts.isTracedElsewhere !== undefined;
  }

  get mayRepeat(): boolean {
    return this.#parts.mayRepeat;
  }

  /**
   * Begins a call in a context; one that is held has its span when it is traced, where others may have one for it. One that cannot be
   * answered in place of the upstream passes an open circuit that would answer it.
   * @throws CircuitOpenError `ERR_CIRCUIT_OPEN` when the breaker of its upstream turns it away, or an {@link OpenAnswer} that the caller
   * is to get in place of that; the call is then already recorded.
   */
  begin(
    target: Target,
    context: Context,
    resendCount = 0,
    isHeld = false,
    canBeAnswered = true,
  ): OutboundCall {
    const { clock, methodOf, breakers, isTracedElsewhere } = this.#parts;
    const startMs = clock.now();
    const call = new OutboundCall(this, methodOf(target.method), target, startMs, context, resendCount);
    const breaker = this.#isGuarded(target) ? breakers?.get(target.authority.upstream, startMs) : undefined;
    // Once its time is up, such a call is a probe like any other: nothing else may ever close the circuit.
    if (breaker !== undefined && (canBeAnswered || breaker.state !== 'open' || !answers(breaker))) {
      call.breaker = breaker;
      if (!this.#admit(call, breaker)) {
        if (canBeAnswered || !answers(breaker)) throw this.#reject(call, breaker);
        call.breaker = undefined;
      }
    }
    if (isTracedElsewhere !== undefined) call.isTracedElsewhere = isTracedElsewhere(context);
    try {
      if (isTracedElsewhere === undefined || !isHeld) this.trace(call);
    } catch (error) {
      call.permit?.ignore();
      throw error;
    }
    this.#stall.enter();
    return call;
  }

  trace(call: OutboundCall): void {
    this.#parts.tracing.begin(call);
    if (call.permit !== undefined) call.permit.evidence = evidenceOf(call);
  }

  /** Lets go of a call that cannot be followed: it goes on as without this library. */
  abandon(call: OutboundCall): void {
    call.isSpanEnded = true;
    call.isElsewhere = true;
    this.#settle(call, brokenOff);
  }

  caught(place: string, error: unknown): void {
    this.#parts.faults.caught(place, error);
  }

  /** Writes what goes with a call, unless its host is not to have it. A tunnel is of the proxy, and has nothing to pass on. */
  writeHeaders<R>(call: OutboundCall, request: R, access: HeaderAccess<R>): void {
    const { propagation, isPropagatedTo, deadlines } = this.#parts;
    if (!isPropagatedTo(call.host, call.port) || call.target.method === 'CONNECT') return;
    if (!call.isTracedElsewhere) writeContext(call, propagation, request, access);
    if (call.retries > 0) access.add(request, RETRY_HEADER, String(call.retries));
    if (deadlines === undefined) return;
    const remainingMs = leastOf(deadlines.remainingMs(call.context), call.config?.timeoutMs);
    if (remainingMs !== undefined)
      access.add(request, deadlines.header, String(Math.max(0, Math.floor(remainingMs))));
  }

  /** Starts the time-out of an attempt, where its upstream has one; `abort` ends the request then. */
  startDeadline<R>(call: OutboundCall, request: R, abort: (request: R, error: Error) => void): void {
    const timeoutMs = call.config?.timeoutMs;
    if (timeoutMs === undefined) return;
    this.#awaitEnd(call, timeoutMs, () => {
      const error = new GoldenSignalsError(
        'ERR_UPSTREAM_TIMEOUT',
        `${call.upstream} did not answer in full within ${timeoutMs} ms`,
      );
      this.#end(call, error);
      abort(request, error);
    });
  }

  // The reader's time is not the upstream's: it gets the whole of its own after a reader that was behind. One that has just caught up
  // looks like one that waits, so there is a second look.
  #awaitEnd(call: OutboundCall, timeoutMs: number, expire: () => void, isSecondLook = false): void {
    const { timers, clock } = this.#parts;
    call.deadline = createDeadline({
      timeoutMs: isSecondLook ? Math.min(secondLookMs, timeoutMs) : timeoutMs,
      timers,
      now: () => clock.now(),
      onExpired: () => {
        if (call.reader?.isBehind === true) this.#awaitEnd(call, timeoutMs, expire);
        else if (call.reader !== undefined && !isSecondLook) this.#awaitEnd(call, timeoutMs, expire, true);
        else expire();
      },
    });
  }

  streamed(call: OutboundCall): void {
    call.deadline?.clear();
    call.deadline = undefined;
    leavePlace(call);
  }

  responded(
    call: OutboundCall,
    statusCode: number,
    retryAfter: unknown,
    protocolVersion: string | undefined,
  ): void {
    if (call.isSpanEnded || call.isSettled) return;
    call.statusCode = statusCode;
    call.retryAfter = retryAfter;
    call.protocolVersion = protocolVersion ?? call.protocolVersion;
    call.respondedMs = this.#parts.clock.now();
    if (statusCode >= 400) call.errorType = String(statusCode);
    this.#endSpan(call, call.respondedMs);
    this.#reportStatus(call);
    this.#reading.add(call);
  }

  completed(call: OutboundCall): void {
    this.#settle(call, undefined);
  }

  failed(call: OutboundCall, error: unknown): void {
    if (call.isSettled) return;
    if (!call.isSpanEnded) {
      // An abort by the caller is no error (semantic conventions, since v1.41).
      call.errorType = errorTypeOf(error ?? brokenOff, call.isTimedOut, call.isCallerAbort);
      this.#endSpan(call, this.#parts.clock.now());
    }
    this.#settle(call, error ?? brokenOff);
  }

  // In a timer: what is thrown there ends the process.
  #end(call: OutboundCall, error: unknown): void {
    try {
      this.failed(call, error);
    } catch (fault) {
      this.caught('client.timeout', fault);
    }
  }

  account(call: OutboundCall): void {
    const { red, tracing, faults } = this.#parts;
    try {
      red?.end(call, (call.endMs - call.startMs) / 1_000);
      tracing.end(call, call.endMs);
    } catch (error) {
      faults.caught('client.end', error);
    }
  }

  close(): void {
    this.#stall.close();
  }

  /** False for this process itself, and for a tunnel, which is of the proxy: the call that it carries is guarded. */
  #isGuarded({ method, authority }: Target): boolean {
    return method !== 'CONNECT' && !this.#ownServers.has(authority);
  }

  /** Names a call anew, once its connection shows where it goes. It is on its way, and is not turned away any more. */
  moved(call: OutboundCall, target: Target): void {
    const isMoved = call.target.authority !== target.authority;
    call.target = target;
    const { breakers, clock } = this.#parts;
    if (!isMoved || call.breaker === undefined || call.isSettled) return;
    call.permit?.ignore();
    call.permit = undefined;
    call.circuit = undefined;
    call.breaker = breakers?.get(target.authority.upstream, clock.now());
    if (call.breaker === undefined || !this.#admit(call, call.breaker)) return;
    if (call.permit !== undefined) (call.permit as Permit).evidence = evidenceOf(call);
  }

  /** False where the breaker turns the call away. */
  #admit(call: OutboundCall, breaker: Breaker): boolean {
    if (breaker instanceof Circuit) {
      // Asked again for each call: the options of a breaker can be changed while it is in use.
      call.config = breaker.config;
      const generation = breaker.plainGeneration;
      if (generation !== undefined) {
        call.circuit = breaker;
        call.generation = generation;
        return true;
      }
    }
    if (breaker instanceof Circuit && breaker.isFull) this.#freePlaces(breaker);
    call.permit = breaker.tryAcquire();
    return call.permit !== undefined;
  }

  // What waits for its reader does not keep others from the upstream.
  #freePlaces(breaker: Breaker): void {
    for (let call = this.#reading.oldest; call !== undefined; call = call.next)
      if (call.breaker === breaker && call.reader?.isBehind === true) leavePlace(call);
  }

  #reject(call: OutboundCall, breaker: Breaker): Error | OpenAnswer {
    const { tracing } = this.#parts;
    const error = breaker.rejection();
    const { rejectsAs } = breaker;
    call.isSettled = true;
    call.isSpanEnded = true;
    call.errorType = error.code;
    tracing.begin(call);
    linkTo(tracing.spanOf(call), breaker.transitions.findLast(({ to }) => to === 'open')?.evidence);
    trace.getSpan(call.context)?.addEvent('golden_signals.breaker.rejected', {
      'golden_signals.breaker.name': call.upstream,
      'golden_signals.breaker.state': breaker.state,
      'golden_signals.breaker.retry_after': error.retryAfterMs / 1_000,
    });
    // Not measured: a call that was never made says nothing of how long calls take.
    tracing.end(call, call.startMs);
    return rejectsAs === 'response' ? new OpenAnswer(error) : error;
  }

  #endSpan(call: OutboundCall, endMs: number): void {
    call.isSpanEnded = true;
    call.endMs = endMs;
    const { backlog } = this.#parts;
    if (backlog === undefined) this.account(call);
    else backlog.add(call);
  }

  #settle(call: OutboundCall, error: unknown): void {
    if (call.isSettled) return;
    call.isSettled = true;
    this.#reading.remove(call);
    this.#stall.leave();
    call.deadline?.clear();
    if (!call.isSpanEnded) this.#endSpan(call, this.#parts.clock.now());
    this.#reportEnd(call, error);
  }

  #reportStatus(call: OutboundCall): void {
    // A good one is no news where the end of the exchange has the last word.
    if (call.circuit !== undefined && call.statusCode < 400) return;
    const outer = this.settling;
    this.settling = call;
    try {
      reportStatus(call, this.#evidence);
    } finally {
      this.settling = outer;
    }
  }

  #reportEnd(call: OutboundCall, error: unknown): void {
    if (error === undefined && call.circuit?.countClean(call.generation) === true) {
      call.circuit = undefined;
      return;
    }
    const outer = this.settling;
    this.settling = call;
    try {
      reportEnd(call, error, this.#evidence);
    } finally {
      this.settling = outer;
    }
  }

  #onTick(): void {
    try {
      this.#giveUpUnread();
    } catch (error) {
      this.caught('client.unread', error);
    }
  }

  // A time-out of its own still ends a call that has one.
  #giveUpUnread(): void {
    const now = this.#parts.clock.now();
    for (;;) {
      const { oldest } = this.#reading;
      if (oldest === undefined || now - oldest.respondedMs < unreadBodyMs) return;
      if (oldest.deadline === undefined || oldest.reader?.isBehind === true) this.#settle(oldest, undefined);
      else {
        this.#reading.remove(oldest);
        this.#reportEnd(oldest, undefined);
      }
    }
  }
}

/** Links a span to another one, where that is known. */
function linkTo(span: Span | undefined, context: unknown): void {
  if (typeof context === 'object' && context !== null) span?.addLink({ context: context as Link['context'] });
}

function leavePlace({ permit }: OutboundCall): void {
  if (permit instanceof IssuedPermit) permit.leavePlace();
}

function leastOf(first: number | undefined, second: number | undefined): number | undefined {
  if (first === undefined) return second;
  return second === undefined ? first : Math.min(first, second);
}

/** True where a call that is turned away gets an answer in place of the upstream's. */
function answers(breaker: Breaker): boolean {
  return breaker.rejectsAs === 'response';
}
