import { gunzipSync, gzipSync } from 'node:zlib';
import type { TraceView } from '../questions/trace-view.js';
import type { LogRow } from '../questions/views.js';

/** Where most of the time goes, over all traces of the evidence. */
interface SharedBottleneck {
  readonly service: string;
  readonly name: string;
  /** Of the time that these traces took. */
  readonly share: number;
  /** In how many of them it is what takes longest. */
  readonly traces: number;
  readonly of: number;
}

interface TraceSummary {
  readonly traceId: string;
  readonly durationMs: number;
  readonly startMs: number;
  readonly spans: number;
  /** The span in which most of its time goes. */
  readonly spanId: string | undefined;
  readonly isFailed: boolean;
}

/** What was seen when an alert fired, kept apart from the store. */
export interface Evidence {
  readonly alertId: string;
  readonly frozenAtMs: number;
  readonly traces: readonly TraceSummary[];
  readonly bottleneck: SharedBottleneck | undefined;
  /** The first line of them that speaks of an error, else of a warning; of an alert about time, of those that share the bottleneck first. */
  readonly firstError: LogRow | undefined;
}

const WARN = 13;
const ERROR = 17;

interface Seen {
  readonly alertId: string;
  readonly frozenAtMs: number;
  readonly views: readonly TraceView[];
  /** The alert is about failures, and not about the time that requests take. */
  readonly isAboutErrors: boolean;
  /** Taken where no line of the traces says anything. */
  readonly fallback: LogRow | undefined;
}

/** What views of traces have in common. */
export function summarize({ alertId, frozenAtMs, views, isAboutErrors, fallback }: Seen): Evidence {
  const bottleneck = sharedBottleneck(views);
  // A request that failed may be among the slowest, and what it logs says nothing of why the others are slow.
  const alike = isAboutErrors ? [] : views.filter((view) => isOf(view, bottleneck));
  return {
    alertId,
    frozenAtMs,
    traces: views.map((view) => ({
      traceId: view.traceId,
      durationMs: view.durationMs,
      startMs: view.startMs,
      spans: view.spans.length + (view.omitted ?? 0),
      spanId: view.bottleneck?.spanId,
      isFailed: view.spans.some(({ isFailed }) => isFailed),
    })),
    bottleneck,
    firstError: firstLine(alike) ?? firstLine(views) ?? fallback,
  };
}

function isOf({ bottleneck }: TraceView, shared: SharedBottleneck | undefined): boolean {
  return (
    bottleneck !== undefined && bottleneck.service === shared?.service && bottleneck.name === shared.name
  );
}

function firstLine(views: readonly TraceView[]): LogRow | undefined {
  return firstOf(views, ERROR) ?? firstOf(views, WARN);
}

function sharedBottleneck(views: readonly TraceView[]): SharedBottleneck | undefined {
  const totals = new Map<string, { service: string; name: string; ms: number; traces: number }>();
  let allMs = 0;
  for (const { spans, bottleneck, durationMs } of views) {
    allMs += durationMs;
    for (const { service, name, criticalMs, spanId } of spans) {
      if (criticalMs === 0) continue;
      const key = JSON.stringify([service, name]);
      let total = totals.get(key);
      if (total === undefined) {
        total = { service, name, ms: 0, traces: 0 };
        totals.set(key, total);
      }
      total.ms += criticalMs;
      if (bottleneck?.spanId === spanId) total.traces += 1;
    }
  }
  let most: { service: string; name: string; ms: number; traces: number } | undefined;
  for (const total of totals.values()) if (most === undefined || total.ms > most.ms) most = total;
  if (most === undefined || allMs === 0) return undefined;
  const { service, name, ms, traces } = most;
  return { service, name, share: ms / allMs, traces, of: views.length };
}

function firstOf(views: readonly TraceView[], severity: number): LogRow | undefined {
  let first: LogRow | undefined;
  for (const { logs } of views) {
    for (const line of logs) {
      if (
        line.severity >= severity &&
        line.body !== '' &&
        (first === undefined || line.timeMs < first.timeMs)
      )
        first = line;
    }
  }
  return first;
}

export interface PackedTrace {
  readonly traceId: string;
  readonly bytes: Buffer;
}

export function packTrace(view: TraceView): PackedTrace {
  return { traceId: view.traceId, bytes: gzipSync(JSON.stringify(view), { level: 1 }) };
}

interface Kept {
  evidence: Evidence;
  readonly traces: Map<string, Buffer>;
  bytes: number;
}

const maxAgeMs = 24 * 3_600_000;

/** Evidence of alerts with its traces, packed; within a number of bytes, until it is dismissed or a day old. */
export class EvidenceShelf {
  readonly #maxBytes: number;
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;
  /** Traces for which there was no room. */
  dropped = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps what was seen; of the same alert, in place of what was kept before. */
  put(evidence: Evidence, packed: readonly PackedTrace[]): void {
    this.remove(evidence.alertId);
    this.#expire(evidence.frozenAtMs);
    const kept: Kept = { evidence, traces: new Map(), bytes: 2_000 };
    this.#kept.set(evidence.alertId, kept);
    this.#bytes += kept.bytes;
    for (const { traceId, bytes } of packed) {
      // The oldest evidence makes room, but each alert keeps its summary.
      while (this.#bytes + bytes.length > this.#maxBytes && this.#thin(evidence.alertId));
      if (this.#bytes + bytes.length > this.#maxBytes) {
        this.dropped += 1;
        continue;
      }
      kept.traces.set(traceId, bytes);
      kept.bytes += bytes.length;
      this.#bytes += bytes.length;
    }
  }

  get(alertId: string): Evidence | undefined {
    return this.#kept.get(alertId)?.evidence;
  }

  remove(alertId: string): boolean {
    const kept = this.#kept.get(alertId);
    if (kept === undefined) return false;
    this.#bytes -= kept.bytes;
    return this.#kept.delete(alertId);
  }

  /** A trace as it was seen, by its id. */
  trace(traceId: string): TraceView | undefined {
    for (const { traces } of this.#kept.values()) {
      const packed = traces.get(traceId.toLowerCase());
      if (packed !== undefined) return JSON.parse(gunzipSync(packed).toString('utf8')) as TraceView;
    }
    return undefined;
  }

  #expire(nowMs: number): void {
    for (const [id, { evidence }] of this.#kept) if (nowMs - evidence.frozenAtMs > maxAgeMs) this.remove(id);
  }

  /** Takes a trace from the oldest evidence but one trace of each; false where there is nothing to take. */
  #thin(except: string): boolean {
    for (const [id, kept] of this.#kept) {
      if (id === except || kept.traces.size <= 1) continue;
      const last = [...kept.traces.keys()].at(-1) as string;
      const { length } = kept.traces.get(last) as Buffer;
      kept.traces.delete(last);
      kept.bytes -= length;
      this.#bytes -= length;
      this.dropped += 1;
      return true;
    }
    return false;
  }
}
