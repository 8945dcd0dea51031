import { types } from 'node:util';
import type {
  Attributes,
  AttributeValue,
  Exception,
  HrTime,
  Link,
  Span,
  SpanContext,
  SpanKind,
  SpanStatus,
  TimeInput,
} from '@opentelemetry/api';
import type { InstrumentationScope } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace';
import { type AttributeLimits, limitedAttributes } from '../core/attribute-limits.js';
import { attributeValue, validAttributes } from '../core/attribute-value.js';
import type { Clock } from '../core/clock.js';
import { toEpochMs, toHrTime } from '../core/time.js';
import type { Candidate } from './keeper.js';
import { type AttributeSource, noAttributes, type SharedAttributes } from './shared-attributes.js';
import { DEFAULT_SPAN_LIMITS, type SpanLimits } from './span-limits.js';

/** What all spans of one service share. */
export interface SpanOrigin {
  readonly clock: Clock;
  readonly scope: InstrumentationScope;
  /** Undefined where the environment sets none. */
  readonly limits?: SpanLimits | undefined;
  resource(): Resource;
  /** Takes the span when it has ended. Must not throw. */
  ended(span: LiveSpan): void;
}

// SpanStatusCode of the API, whose enums are objects to load.
const UNSET = 0;
const OK = 1;
const unset: SpanStatus = Object.freeze({ code: UNSET });

/** What a user adds to a span of ours. Most spans have none, and pay for one field instead of eight. */
class Additions {
  attributes: Record<string, AttributeValue> | undefined = undefined;
  attributeCount = 0;
  readonly events: TimedEvent[] = [];
  readonly links: Link[] = [];
  droppedAttributes = 0;
  droppedEvents = 0;
  droppedLinks = 0;
  isNamed = false;

  /** False where the span has its full number of attributes. */
  setAttribute(key: string, value: AttributeValue, countLimit: number): boolean {
    this.attributes ??= {};
    if (!Object.hasOwn(this.attributes, key)) {
      if (this.attributeCount >= countLimit) {
        this.droppedAttributes += 1;
        return false;
      }
      this.attributeCount += 1;
    }
    this.attributes[key] = value;
    return true;
  }
}

/**
 * The span of a request or call: `trace.getActiveSpan()` returns it in a handler, and an exporter reads it afterwards. It costs one object
 * and no map until a user adds something; the attributes of the request or call are built once, when they are first read.
 */
export class LiveSpan implements Span, ReadableSpan {
  readonly kind: SpanKind;
  readonly parentSpanContext?: SpanContext;
  readonly #context: SpanContext;
  readonly #origin: SpanOrigin;
  readonly #startMs: number;
  name: string;
  status: SpanStatus;
  /** Where its trace is not sampled: what it may be kept with. */
  candidate: Candidate | undefined;
  #endMs: number;
  /** Until the span has ended: it holds the request and its socket, which a queue must not keep alive. */
  #source: AttributeSource | undefined;
  /** What the source has said at the end. */
  #shared: SharedAttributes | undefined;
  #own: Attributes | undefined;
  /** All attributes, once they have been read. */
  #built: Attributes | undefined;
  #added: Additions | undefined;
  /** How many attributes {@link #built} lacks. */
  #left = 0;

  constructor(
    origin: SpanOrigin,
    kind: SpanKind,
    name: string,
    context: SpanContext,
    parent: SpanContext | undefined,
    startMs: number,
    source: AttributeSource | undefined,
  ) {
    this.kind = kind;
    if (parent !== undefined) this.parentSpanContext = parent;
    this.#context = context;
    this.#origin = origin;
    this.#startMs = startMs;
    this.name = name;
    this.status = unset;
    this.candidate = undefined;
    this.#endMs = -1;
    this.#source = source;
    this.#shared = undefined;
    this.#own = undefined;
    this.#built = undefined;
    this.#added = undefined;
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  isRecording(): boolean {
    return this.#endMs < 0;
  }

  get ended(): boolean {
    return this.#endMs >= 0;
  }

  setAttribute(key: string, value: AttributeValue | undefined): this {
    if (!this.isRecording() || key === '') return this;
    const kept = attributeValue(value);
    if (kept === undefined) return this;
    this.#added ??= new Additions();
    if (this.#added.setAttribute(key, kept, this.#limits.attributes.count)) this.#built = undefined;
    return this;
  }

  setAttributes(attributes: Attributes): this {
    for (const key of Object.keys(attributes)) this.setAttribute(key, attributes[key]);
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (!this.isRecording()) return this;
    this.#added ??= new Additions();
    if (this.#added.events.length >= this.#limits.events) {
      this.#added.droppedEvents += 1;
      return this;
    }
    const isTime = isTimeInput(attributesOrTime);
    const at = isTime ? attributesOrTime : time;
    const event: TimedEvent = {
      name,
      time: toHrTime(at === undefined ? this.#origin.clock.epochMs() : this.#epochMsOf(at)),
      ...(isTime || attributesOrTime === undefined
        ? {}
        : withLimits(attributesOrTime, this.#limits.eventAttributes)),
    };
    this.#added.events.push(event);
    return this;
  }

  addLink(link: Link): this {
    if (!this.isRecording()) return this;
    this.#added ??= new Additions();
    if (this.#added.links.length >= this.#limits.links) this.#added.droppedLinks += 1;
    else if (link.attributes === undefined) this.#added.links.push(link);
    else this.#added.links.push({ ...link, ...withLimits(link.attributes, this.#limits.linkAttributes) });
    return this;
  }

  addLinks(links: Link[]): this {
    for (const link of links) this.addLink(link);
    return this;
  }

  setStatus(status: SpanStatus): this {
    // OpenTelemetry, "Set Status": unset is no status to set, and OK is final.
    if (!this.isRecording() || status.code === UNSET || this.status.code === OK) return this;
    this.status = { ...status };
    return this;
  }

  updateName(name: string): this {
    if (!this.isRecording()) return this;
    this.name = name;
    this.#added ??= new Additions();
    this.#added.isNamed = true;
    return this;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    const attributes: Attributes = {};
    if (typeof exception === 'string') attributes['exception.message'] = exception;
    else if (exception) {
      if (exception.code !== undefined) attributes['exception.type'] = String(exception.code);
      else if (exception.name) attributes['exception.type'] = exception.name;
      if (exception.message) attributes['exception.message'] = exception.message;
      if (exception.stack) attributes['exception.stacktrace'] = exception.stack;
    }
    this.addEvent('exception', attributes, time);
  }

  end(endTime?: TimeInput): void {
    if (!this.isRecording()) return;
    this.endAt(endTime === undefined ? this.#origin.clock.now() : this.#monotonicOf(endTime));
  }

  /** Ends the span at a monotonic time that the recorder has already read. */
  endAt(endMs: number): void {
    if (!this.isRecording()) return;
    const source = this.#source;
    if (source !== undefined) {
      this.#shared = source.sharedAttributes();
      this.#own = source.ownAttributes();
      this.#built = undefined;
      this.#source = undefined;
    }
    this.#endMs = Math.max(endMs, this.#startMs);
    this.#origin.ended(this);
  }

  /** Ends a span that goes nowhere. */
  forget(endMs: number): void {
    if (!this.isRecording()) return;
    this.#source = undefined;
    this.#endMs = Math.max(endMs, this.#startMs);
  }

  get attributes(): Attributes {
    this.#built ??= this.#build();
    return this.#built;
  }

  /** The attributes that it shares with other spans; undefined where a user has added some, or has been given an object to change. */
  get sharedPart(): SharedAttributes | undefined {
    const isShared =
      this.#built === undefined && this.#added?.attributes === undefined && this.#origin.limits === undefined;
    return isShared ? this.#shared : undefined;
  }

  /** The part that {@link sharedPart} has left over. */
  get ownPart(): Attributes {
    return this.sharedPart === undefined ? this.attributes : (this.#own ?? noAttributes);
  }

  /** Wall-clock milliseconds since the Unix epoch. */
  get startEpochMs(): number {
    return this.#origin.clock.epochMs(this.#startMs);
  }

  /** Likewise; of a span that has not ended, when it began. */
  get endEpochMs(): number {
    return this.#origin.clock.epochMs(this.ended ? this.#endMs : this.#startMs);
  }

  /** True where it has nothing but its times and its attributes. */
  get isPlain(): boolean {
    return this.#added === undefined && this.status === unset && this.#origin.limits === undefined;
  }

  get startTime(): HrTime {
    return toHrTime(this.startEpochMs);
  }

  get endTime(): HrTime {
    return toHrTime(this.endEpochMs);
  }

  get duration(): HrTime {
    return toHrTime(this.ended ? this.#endMs - this.#startMs : 0);
  }

  get resource(): Resource {
    return this.#origin.resource();
  }

  get instrumentationScope(): InstrumentationScope {
    return this.#origin.scope;
  }

  get events(): TimedEvent[] {
    return this.#added?.events ?? [];
  }

  get links(): Link[] {
    return this.#added?.links ?? [];
  }

  get droppedAttributesCount(): number {
    if (this.#origin.limits !== undefined) this.#built ??= this.#build();
    return this.#left + (this.#added?.droppedAttributes ?? 0);
  }

  get droppedEventsCount(): number {
    return this.#added?.droppedEvents ?? 0;
  }

  get droppedLinksCount(): number {
    return this.#added?.droppedLinks ?? 0;
  }

  /** True once the user has named the span: this library then keeps that name. */
  get isNamedByUser(): boolean {
    return this.#added?.isNamed ?? false;
  }

  get #limits(): SpanLimits {
    return this.#origin.limits ?? DEFAULT_SPAN_LIMITS;
  }

  #build(): Attributes {
    const all = this.#all();
    const { limits } = this.#origin;
    if (limits === undefined) return all;
    const { attributes, dropped } = limitedAttributes(all, limits.attributes);
    this.#left = dropped;
    return attributes;
  }

  // What a user set wins over what the recorder has seen.
  #all(): Attributes {
    const source = this.#source;
    const shared = source === undefined ? this.#shared : source.sharedAttributes();
    const own = source === undefined ? this.#own : source.ownAttributes();
    const given = this.#added?.attributes;
    if (shared === undefined && own !== undefined && !Object.isFrozen(own)) return Object.assign(own, given);
    return { ...shared?.all, ...own, ...given };
  }

  #epochMsOf(time: TimeInput): number {
    return toEpochMs(time, (at) => this.#origin.clock.epochMs(at));
  }

  #monotonicOf(time: TimeInput): number {
    const { clock } = this.#origin;
    return this.#epochMsOf(time) - (clock.epochMs() - clock.now());
  }
}

function withLimits(
  given: Attributes,
  limits: AttributeLimits,
): { attributes: Attributes; droppedAttributesCount?: number } {
  const valid = validAttributes(given);
  const { attributes, dropped: over } = limitedAttributes(valid.attributes, limits);
  const dropped = valid.dropped + over;
  return dropped === 0 ? { attributes } : { attributes, droppedAttributesCount: dropped };
}

function isTimeInput(value: unknown): value is TimeInput {
  return typeof value === 'number' || types.isDate(value) || Array.isArray(value);
}
