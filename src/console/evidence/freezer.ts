import type { Alert } from '../alerts/series-source.js';
import { TimeSlice } from '../questions/time-slice.js';
import type { TraceView } from '../questions/trace-view.js';
import { type LogRow, logRow } from '../questions/views.js';
import type { ClockSkew } from '../signals/clock-skew.js';
import type { Store } from '../store/store.js';
import { type Evidence, type EvidenceShelf, type PackedTrace, packTrace, summarize } from './evidence.js';
import { keptView } from './kept-view.js';
import { type WorstTrace, worstTraces } from './worst-traces.js';

const maxTraces = 20;
/** What an alert is about happened so long before it at most, in milliseconds. */
const lookBackMs = 300_000;
const ERROR = 17;

interface FreezerParts {
  readonly store: Store;
  readonly skew: ClockSkew;
  readonly shelf: EvidenceShelf;
}

/** Takes the evidence of an alert out of the store: its worst traces with their logs, and what they have in common. */
export class Freezer {
  readonly #parts: FreezerParts;
  /** The traces that an alert was frozen with, to be seen once more when their last spans have come. */
  readonly #frozen = new Map<string, readonly WorstTrace[]>();

  constructor(parts: FreezerParts) {
    this.#parts = parts;
  }

  /** Trace after trace: what comes in meanwhile does not wait for all of them. */
  async freeze(alert: Alert, nowMs: number): Promise<Evidence> {
    const { store, skew, shelf } = this.#parts;
    const service = this.#serviceOf(alert);
    const worst = this.#worst(alert, service, nowMs);
    const known = this.#frozen.get(alert.id) ?? [];
    const all = new Map([...known, ...worst].map((one) => [one.traceId, one]));
    const chosen = [...all.values()].slice(0, maxTraces);
    this.#frozen.set(alert.id, chosen);
    for (const { words } of chosen) store.keepTrace(words);
    const views: TraceView[] = [];
    const packed: PackedTrace[] = [];
    const slice = new TimeSlice();
    for (const { words } of chosen) {
      const view = keptView(store, skew, words);
      if (view === undefined) continue;
      views.push(view);
      packed.push(packTrace(view));
      await slice.rest();
    }
    const aboutErrors = isAboutErrors(alert);
    const evidence = summarize({
      alertId: alert.id,
      frozenAtMs: nowMs,
      views,
      isAboutErrors: aboutErrors,
      // A line of another request says nothing of why these are slow.
      fallback: service === undefined || !aboutErrors ? undefined : this.#lastError(service, nowMs),
    });
    shelf.put(evidence, packed);
    return evidence;
  }

  /** An alert that is over is not looked at again. */
  forget(alertId: string): void {
    this.#frozen.delete(alertId);
  }

  #serviceOf({ labels: { job } }: Alert): number | undefined {
    if (job === undefined) return undefined;
    const { catalog } = this.#parts.store;
    return catalog.findService(job) ?? catalog.findService(job.slice(job.indexOf('/') + 1));
  }

  #worst(alert: Alert, service: number | undefined, nowMs: number): WorstTrace[] {
    if (service === undefined) return [];
    const { labels } = alert;
    const { store } = this.#parts;
    const breaker = labels.golden_signals_breaker_name;
    const target = breaker === undefined ? undefined : store.catalog.routes.find(breaker);
    const wanted = { service, fromMs: nowMs - lookBackMs, count: maxTraces };
    const failed = isAboutErrors(alert) ? worstTraces(store, { ...wanted, isFailed: true, target }) : [];
    return failed.length > 0 ? failed : worstTraces(store, { ...wanted, isFailed: false, target });
  }

  /** Of the service, whichever trace it is of. */
  #lastError(service: number, nowMs: number): LogRow | undefined {
    const { store } = this.#parts;
    const from = (nowMs - lookBackMs - store.startMs) * 1e6;
    for (const segment of [...store.segments('logs', service)].reverse()) {
      if (segment.maxStart < from) continue;
      const { columns } = segment;
      for (let row = segment.rows - 1; row >= 0; row -= 1) {
        if ((columns.kind[row] as number) >= ERROR && (columns.start[row] as number) >= from)
          return logRow(store, { segment, row });
      }
    }
    return undefined;
  }
}

function isAboutErrors({ labels: { signal, alertname } }: Alert): boolean {
  return signal === 'errors' || (signal === 'slo' && alertname?.includes('Availability') === true);
}
