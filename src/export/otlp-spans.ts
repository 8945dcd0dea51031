import type { HrTime, Link, SpanContext } from '@opentelemetry/api';
import type { InstrumentationScope } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace-base';
import { LiveSpan } from '../trace/live-span.js';
import type { Batch } from './batch.js';
import { writeAttributes, writeResource, writeScope } from './otlp-common.js';
import { ProtobufWriter } from './protobuf-writer.js';

// Grown to what a batch takes, and then kept.
const firstBytes = 4_096;
// What the resource and the scopes take, and what lies around the spans.
const spareBytes = 4_096;
// More is a batch out of the ordinary, and is not held on to.
const maxKeptBytes = 1_048_576;

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
 * Each span is written when it has ended: none has to wait for an export, and be copied by one garbage collection after another.
 * @see opentelemetry/proto/collector/trace/v1/trace_service.proto
 */
export function createSpanBatches(): () => Batch<ReadableSpan, SpanRequest> {
  const spare = new SpareWriter();
  return () => new SpanBatch(spare);
}

/** Keeps what one batch was written with for the next one. */
class SpareWriter {
  #kept: ProtobufWriter | undefined;

  take(): ProtobufWriter {
    const writer = this.#kept ?? new ProtobufWriter(firstBytes);
    this.#kept = undefined;
    return writer;
  }

  giveBack(writer: ProtobufWriter): void {
    if (writer.length > maxKeptBytes) return;
    writer.rewind(0);
    this.#kept = writer;
  }
}

class SpanBatch implements Batch<ReadableSpan, SpanRequest> {
  readonly #spare: SpareWriter;
  readonly #groups: Group[] = [];
  #last: Group | undefined;
  size = 0;

  constructor(spare: SpareWriter) {
    this.#spare = spare;
  }

  add(span: ReadableSpan): boolean {
    // Nearly all are of the same origin as the one before.
    if (this.#last?.isOf(span) !== true) this.#last = this.#groupOf(span);
    const { writer } = this.#last;
    const start = writer.length;
    try {
      writeSpan(writer, span);
    } catch {
      // A trace state of the application's own making, say, that cannot be read: none but this span is lost.
      writer.rewind(start);
      return false;
    }
    this.size += 1;
    return true;
  }

  take(): SpanRequest {
    const written = this.#groups.reduce((sum, { writer }) => sum + writer.length, 0);
    const request = new ProtobufWriter(written + spareBytes);
    for (const [resource, scopes] of byResource(this.#groups)) writeResourceSpans(request, resource, scopes);
    for (const { writer } of this.#groups) this.#spare.giveBack(writer);
    return { bytes: request.finish(), count: this.size };
  }

  #groupOf(span: ReadableSpan): Group {
    let group = this.#groups.find((known) => known.isOf(span));
    if (group === undefined) {
      group = new Group(span, this.#spare.take());
      this.#groups.push(group);
    }
    return group;
  }
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
  const { parentSpanContext: parent, status } = span;
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
  writeAttributes(writer, 9, span.attributes);
  writer.uint32(10, span.droppedAttributesCount);
  for (const event of span.events) writeEvent(writer, event);
  writer.uint32(12, span.droppedEventsCount);
  for (const link of span.links) writeLink(writer, link);
  writer.uint32(14, span.droppedLinksCount);
  const statusStart = writer.open(15);
  if (status.message) writer.text(2, String(status.message));
  writer.uint32(3, status.code);
  writer.close(statusStart);
  writer.fixed32(16, flagsOf(context.traceFlags, parent?.isRemote));
  writer.close(start, lengthOfSpan);
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
