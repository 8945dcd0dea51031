import type { Attributes } from '@opentelemetry/api';
import type { ExemplarSource } from './exemplars.js';
import type { Method } from './http-methods.js';
import type { Recordable } from './instrument.js';
import type { Series, SeriesSet } from './series.js';

/** Where the series is kept that calls of one kind are measured in. */
export interface SeriesPlace {
  /** Whose it is: a process may have several services. */
  seriesOwner: object | undefined;
  series: Series<Recordable> | undefined;
}

/** What one finished call was, as far as its metric goes. */
export interface FinishedCall extends ExemplarSource {
  readonly method: Method;
  readonly host: string;
  readonly port: number;
  readonly upstream: string;
  /** 0 when no response arrived. */
  readonly statusCode: number;
  readonly errorType: string | undefined;
  readonly protocolVersion: string | undefined;
  /** For calls whose metric depends on nothing but their method, upstream, status and version. */
  readonly kind: SeriesPlace;
  /** True where another instrumentation measures it with the same meter. */
  readonly isTracedElsewhere?: boolean;
}

/** Rate, errors and duration of the calls that this service makes. */
export interface ClientRed {
  end(call: FinishedCall, durationSeconds: number): void;
}

export const CLIENT_DURATION = {
  name: 'http.client.request.duration',
  description: 'Duration of HTTP client requests.',
  unit: 's',
} as const;

type Children = Map<number | string, Series<Recordable>>;

const versions = ['1.1', '2', '1.0', '3'];

/** A call that went well finds its series at its kind; any other by its upstream, then by a number of method, version and status. */
export function createClientRed(durations: SeriesSet<Recordable>): ClientRed {
  const byUpstream = new Map<string, Children>();
  return {
    end(call, durationSeconds) {
      const { kind } = call;
      const isWell = call.errorType === undefined && call.statusCode < 400;
      if (isWell && kind.seriesOwner === byUpstream && kind.series !== undefined) {
        kind.series.value.record(durationSeconds, call);
        return;
      }
      let children = byUpstream.get(call.upstream);
      if (children === undefined) {
        children = new Map();
        if (!durations.isFull) byUpstream.set(call.upstream, children);
      }
      const key = keyOf(call);
      let child = children.get(key);
      if (child === undefined) {
        child = durations.add(attributesOf(call));
        if (!durations.isFull) children.set(key, child);
      }
      if (isWell && !durations.isFull) {
        kind.seriesOwner = byUpstream;
        kind.series = child;
      }
      child.value.record(durationSeconds, call);
    },
  };
}

function keyOf(call: FinishedCall): number | string {
  const version = call.protocolVersion === undefined ? 0 : versions.indexOf(call.protocolVersion) + 1;
  const key = (call.statusCode * 8 + version) * 32 + call.method.index;
  // Only a call that failed without a status, or was aborted after one, has an error type beside its status.
  const isTold =
    call.errorType === undefined ? call.statusCode < 400 : call.errorType === String(call.statusCode);
  return isTold ? key : `${key} ${call.errorType ?? ''}`;
}

function attributesOf(call: FinishedCall): Attributes {
  const attributes: Attributes = {
    'http.request.method': call.method.name,
    'server.address': call.host,
    'server.port': call.port,
  };
  if (call.statusCode !== 0) attributes['http.response.status_code'] = call.statusCode;
  if (call.errorType !== undefined) attributes['error.type'] = call.errorType;
  if (call.protocolVersion !== undefined) attributes['network.protocol.version'] = call.protocolVersion;
  return attributes;
}
