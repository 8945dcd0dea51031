import type { HrTime, Link, SpanContext } from '@opentelemetry/api';
import type { InstrumentationScope } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace-base';
import { LiveSpan } from '../trace/live-span.js';
import type { SharedAttributes } from '../trace/shared-attributes.js';
import type { Batch } from './batch.js';
import { writeAttributes, writeResource, writeScope } from './otlp-common.js';
import { ProtobufWriter } from './protobuf-writer.js';

// What the first batch is expected to take, and what stands before its spans.
const firstBytes = 4_096;
const firstHeadBytes = 512;
// What is set apart for the next batch is no more, whatever the last one took.
const maxExpectedBytes = 1_048_576;
// What the resources and scopes take that stand between the spans of several.
const spareBytes = 4_096;
// Spans that are written in one go. Code that runs once in each request comes from memory anew each time: bench/RESULTS.md.
const writtenTogether = 16;

// opentelemetry/proto/trace/v1/trace.proto, SpanFlags.
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** An ExportTraceServiceRequest. */
export interface SpanRequest {
  readonly bytes: Uint8Array;
  /** How many spans it holds. */
  readonly count: number;
}

/** Spans of one resource and scope. */
class Group {
  readonly isLive: boolean;
  readonly resource: Resource;
  readonly scope: InstrumentationScope;
  readonly writer: ProtobufWriter;

  constructor(first: ReadableSpan, writer: ProtobufWriter) {
    this.isLive = first instanceof LiveSpan;
    this.resource = first.resource;
    this.scope = first.instrumentationScope;
    this.writer = writer;
  }

  /** All spans of our own are of one resource. */
  isOf(span: ReadableSpan): boolean {
    if (this.scope !== span.instrumentationScope) return false;
    return span instanceof LiveSpan ? this.isLive : !this.isLive && this.resource === span.resource;
  }
}

/**
 * Makes batches of spans as the OTLP exporter sends them: byte for byte what the official serializer writes, which goes over every span
 * twice and makes an array for each id. The only cost that grows with every span of a service, so it has an implementation of its own.
 * Spans are written soon after they have ended, to where they are sent from: none has to wait for an export, and be copied by one
 * garbage collection after another.
 * @see opentelemetry/proto/collector/trace/v1/trace_service.proto
 */
export function createSpanBatches(): () => Batch<ReadableSpan, SpanRequest> {
  const expected: Expected = { bytes: firstBytes, headBytes: firstHeadBytes };
  return () => new SpanBatch(expected);
}

/** What a batch will take, by the one before it. */
interface Expected {
  bytes: number;
  headBytes: number;
}

class SpanBatch implements Batch<ReadableSpan, SpanRequest> {
  readonly #expected: Expected;
  readonly #groups: Group[] = [];
  readonly #waiting = new Array<ReadableSpan | undefined>(writtenTogether).fill(undefined);
  #waitingCount = 0;
  #last: Group | undefined;
  size = 0;
  failed = 0;

  constructor(expected: Expected) {
    this.#expected = expected;
  }

  add(span: ReadableSpan): void {
    this.#waiting[this.#waitingCount] = span;
    this.#waitingCount += 1;
    this.size += 1;
    if (this.#waitingCount === writtenTogether) this.#writeWaiting();
  }

  take(): SpanRequest {
    this.#writeWaiting();
    const bytes = this.#groups.length === 1 ? this.#close(this.#groups[0] as Group) : joined(this.#groups);
    this.#expected.bytes = Math.min(Math.max(bytes.length, firstBytes), maxExpectedBytes);
    return { bytes, count: this.size - this.failed };
  }

  #writeWaiting(): void {
    const waiting = this.#waiting;
    for (let index = 0; index < this.#waitingCount; index += 1) {
      this.#write(waiting[index] as ReadableSpan);
      waiting[index] = undefined;
    }
    this.#waitingCount = 0;
  }

  #write(span: ReadableSpan): void {
    // Nearly all are of the same origin as the one before.
    if (this.#last?.isOf(span) !== true) this.#last = this.#groupOf(span);
    const { writer } = this.#last;
    const start = writer.length;
    try {
      writeSpan(writer, span);
    } catch {
      // A trace state of the application's own making, say, that cannot be read: none but this span is lost.
      writer.rewind(start);
      this.failed += 1;
    }
  }

  /** Writes what stands around the spans of the only group, where they are. */
  #close({ resource, scope, writer }: Group): Uint8Array {
    if (scope.schemaUrl) writer.text(3, scope.schemaUrl);
    const described = written((head) => writeScope(head, scope));
    const scopedBytes = described.length + writer.length;
    if (resource.schemaUrl) writer.text(3, resource.schemaUrl);
    const head = written((start) => {
      const scoped = written((inner) => {
        writeResource(inner, resource);
        inner.message(2, scopedBytes);
        inner.fields(described);
      });
      start.message(1, scoped.length + writer.length);
      start.fields(scoped);
    });
    this.#expected.headBytes = head.length;
    return writer.finishBehind(head);
  }

  #groupOf(span: ReadableSpan): Group {
    let group = this.#groups.find((known) => known.isOf(span));
    if (group === undefined) {
      const { bytes, headBytes } = this.#expected;
      const isFirst = this.#groups.length === 0;
      group = new Group(span, new ProtobufWriter(isFirst ? bytes : firstBytes, isFirst ? headBytes : 0));
      this.#groups.push(group);
    }
    return group;
  }
}

/** The spans of several resources or scopes, copied together. */
function joined(groups: readonly Group[]): Uint8Array {
  const request = new ProtobufWriter(groups.reduce((sum, { writer }) => sum + writer.length, spareBytes));
  for (const [resource, scopes] of byResource(groups)) writeResourceSpans(request, resource, scopes);
  return request.finish();
}

function byResource(groups: readonly Group[]): Map<Resource, Group[]> {
  const found = new Map<Resource, Group[]>();
  for (const group of groups) {
    const { resource } = group;
    const scopes = found.get(resource);
    if (scopes === undefined) found.set(resource, [group]);
    else scopes.push(group);
  }
  return found;
}

// How many bytes the lengths of long messages take, so that they need not be moved.
const lengthOfAll = 3;
const lengthOfSpan = 2;
const attributesField = 9;

function writeResourceSpans(writer: ProtobufWriter, resource: Resource, scopes: readonly Group[]): void {
  const all = writer.open(1, lengthOfAll);
  writeResource(writer, resource);
  for (const { scope, writer: spans } of scopes) {
    const scoped = writer.open(2, lengthOfAll);
    writeScope(writer, scope);
    writer.fields(spans.finish());
    if (scope.schemaUrl) writer.text(3, scope.schemaUrl);
    writer.close(scoped, lengthOfAll);
  }
  if (resource.schemaUrl) writer.text(3, resource.schemaUrl);
  writer.close(all, lengthOfAll);
}

function writeSpan(writer: ProtobufWriter, span: ReadableSpan): void {
  const start = writer.open(2, lengthOfSpan);
  const context = span.spanContext();
  const { parentSpanContext: parent } = span;
  writeIds(writer, context);
  if (parent?.spanId) writer.hex(4, parent.spanId);
  writer.text(5, String(span.name));
  // In the protocol 0 is "unspecified", which the API does not know.
  writer.uint32(6, span.kind + 1);
  if (span instanceof LiveSpan) {
    writer.epochMs(7, span.startEpochMs);
    writer.epochMs(8, span.endEpochMs);
  } else {
    writeTime(writer, 7, span.startTime);
    writeTime(writer, 8, span.endTime);
  }
  if (span instanceof LiveSpan) {
    const shared = span.sharedPart;
    if (shared !== undefined) writer.fields(encodedOf(shared));
    writeAttributes(writer, attributesField, span.ownPart);
  } else writeAttributes(writer, attributesField, span.attributes);
  const flags = flagsOf(context.traceFlags, parent?.isRemote);
  if (span instanceof LiveSpan && span.isPlain) writer.fields(plainRest(flags));
  else writeRest(writer, span, flags);
  writer.close(start, lengthOfSpan);
}

/** What comes after the attributes. */
function writeRest(writer: ProtobufWriter, span: Rest, flags: number): void {
  const { status } = span;
  writer.uint32(10, span.droppedAttributesCount);
  for (const event of span.events) writeEvent(writer, event);
  writer.uint32(12, span.droppedEventsCount);
  for (const link of span.links) writeLink(writer, link);
  writer.uint32(14, span.droppedLinksCount);
  const statusStart = writer.open(15);
  if (status.message) writer.text(2, String(status.message));
  writer.uint32(3, status.code);
  writer.close(statusStart);
  writer.fixed32(16, flags);
}

type Rest = Pick<
  ReadableSpan,
  'droppedAttributesCount' | 'droppedEventsCount' | 'droppedLinksCount' | 'status' | 'events' | 'links'
>;

const nothingMore: Rest = {
  droppedAttributesCount: 0,
  droppedEventsCount: 0,
  droppedLinksCount: 0,
  status: { code: 0 },
  events: [],
  links: [],
};
const plainRests: Uint8Array[] = [];

/** What comes after the attributes of a span that nobody has added to: the same bytes for nearly all. */
function plainRest(flags: number): Uint8Array {
  let bytes = plainRests[flags];
  if (bytes === undefined) {
    bytes = written((writer) => writeRest(writer, nothingMore, flags));
    plainRests[flags] = bytes;
  }
  return bytes;
}

function encodedOf(shared: SharedAttributes): Uint8Array {
  shared.encoded ??= written((writer) => writeAttributes(writer, attributesField, shared.all));
  return shared.encoded;
}

function written(write: (writer: ProtobufWriter) => void): Uint8Array {
  const writer = new ProtobufWriter(firstHeadBytes);
  write(writer);
  return new Uint8Array(writer.finish());
}

function writeEvent(writer: ProtobufWriter, { time, name, attributes, ...event }: TimedEvent): void {
  const start = writer.open(11);
  writeTime(writer, 1, time);
  writer.text(2, String(name));
  if (attributes !== undefined) writeAttributes(writer, 3, attributes);
  writer.uint32(4, event.droppedAttributesCount ?? 0);
  writer.close(start);
}

function writeLink(writer: ProtobufWriter, { context, attributes, ...link }: Link): void {
  const start = writer.open(13);
  writeIds(writer, context);
  if (attributes !== undefined) writeAttributes(writer, 4, attributes);
  writer.uint32(5, link.droppedAttributesCount ?? 0);
  writer.fixed32(6, flagsOf(context.traceFlags, context.isRemote));
  writer.close(start);
}

function writeIds(writer: ProtobufWriter, { traceId, spanId, traceState }: SpanContext): void {
  writer.hex(1, traceId);
  writer.hex(2, spanId);
  const state = traceState?.serialize();
  if (state) writer.text(3, state);
}

function flagsOf(traceFlags: number, isRemote: boolean | undefined): number {
  return (traceFlags & 0xff) | HAS_IS_REMOTE | (isRemote === true ? IS_REMOTE : 0);
}

function writeTime(writer: ProtobufWriter, field: number, time: HrTime): void {
  writer.nanos(field, time[0], time[1]);
}
