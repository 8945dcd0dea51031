import { type Attributes, type Context, type Span, type SpanContext, SpanKind } from '@opentelemetry/api';
import type { DatabaseServer, FinishedOperation } from '../metrics/database-red.js';
import type { TracedCall } from '../trace/call-tracing.js';
import type { Candidate } from '../trace/keeper.js';
import { type AttributeSink, collected, type SharedAttributes } from '../trace/shared-attributes.js';
import type { Statement } from './statement.js';

/** One operation that a database is asked for. */
export class DatabaseCall implements TracedCall, FinishedOperation {
  readonly server: DatabaseServer;
  readonly statement: Statement;
  readonly startMs: number;
  endMs: number;
  readonly context: Context;
  /** How many operations went in one; undefined for a single one. */
  readonly batchSize: number | undefined;
  inner: Context;
  parent: SpanContext | undefined;
  spanContext: SpanContext | undefined;
  candidate: Candidate | undefined;
  span: Span | undefined;
  errorType: string | undefined;
  statusCode: string | undefined;
  isEnded: boolean;

  constructor(
    server: DatabaseServer,
    statement: Statement,
    startMs: number,
    context: Context,
    batchSize: number | undefined,
  ) {
    this.server = server;
    this.statement = statement;
    this.startMs = startMs;
    this.endMs = -1;
    this.context = context;
    this.batchSize = batchSize;
    this.inner = context;
    this.parent = undefined;
    this.spanContext = undefined;
    this.candidate = undefined;
    this.span = undefined;
    this.errorType = undefined;
    this.statusCode = undefined;
    this.isEnded = false;
  }

  get summary(): string | undefined {
    return this.statement.summary;
  }

  get operation(): string | undefined {
    return this.statement.operation;
  }

  get collection(): string | undefined {
    return this.statement.collection;
  }

  get spanKind(): SpanKind {
    return SpanKind.CLIENT;
  }

  /** The summary, else the operation, else whom it was asked of (semantic conventions, "Name"). */
  get spanName(): string {
    const { statement, server } = this;
    return statement.summary ?? statement.operation ?? server.namespace ?? server.system;
  }

  sharedAttributes(): SharedAttributes {
    return this.statement.attributesOn(this.server);
  }

  ownAttributes(): Attributes {
    return collected(this);
  }

  describeOwn(to: AttributeSink): void {
    const { errorType, statusCode, batchSize } = this;
    if (statusCode !== undefined) to.attribute('db.response.status_code', statusCode);
    if (errorType !== undefined) to.attribute('error.type', errorType);
    if (batchSize !== undefined) to.attribute('db.operation.batch.size', batchSize);
  }
}
