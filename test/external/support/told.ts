import { type AttributeValue, SpanKind } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { DatabaseService } from '../../database/support/service.js';

/** What a service tells of one operation, without what differs from one run to the next. */
export interface ToldOperation {
  readonly name: string;
  readonly status: number;
  readonly isUnderCaller: boolean;
  readonly attributes: Readonly<Record<string, AttributeValue | undefined>>;
}

/** The CLIENT spans of a service, oldest first. */
export function operationsOf(
  spans: readonly ReadableSpan[],
  callerId: string | undefined,
): readonly ToldOperation[] {
  return spans
    .filter(({ kind }) => kind === SpanKind.CLIENT)
    .map(({ name, status, parentSpanContext, attributes }) => ({
      name,
      status: status.code,
      isUnderCaller: parentSpanContext !== undefined && parentSpanContext.spanId === callerId,
      attributes,
    }));
}

/** Everything that a service tells of work that is done as a caller: spans, and the series of durations with their counts. */
export async function toldOf(service: DatabaseService, work: () => Promise<unknown>) {
  const { id } = await service.asCaller(work);
  const series = (await service.points('db.client.operation.duration')).map((point) => JSON.stringify(point));
  return { operations: operationsOf(service.spans, id), series: series.sort() };
}
