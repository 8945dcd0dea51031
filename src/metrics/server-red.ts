import type { Attributes } from '@opentelemetry/api';
import type { ExemplarSource } from './exemplars.js';
import { Histogram } from './histogram.js';
import type { Method } from './http-methods.js';
import { type Addable, type Instrument, type Recordable, Sum } from './instrument.js';
import { type Series, SeriesSet } from './series.js';

/** `http` or `https`: nothing that a caller could make up. */
export type Scheme = 'http' | 'https';

/** What one finished request was, as far as its metric goes. */
export interface FinishedRequest extends ExemplarSource {
  readonly method: Method;
  readonly scheme: Scheme;
  /** `1.0`, `1.1`, `2`, or undefined. */
  readonly protocolVersion: string | undefined;
  readonly route: string | undefined;
  /** 0 when no response was sent. */
  readonly statusCode: number;
  readonly errorType: string | undefined;
  /** True where another instrumentation measures it with the same meter. */
  readonly isElsewhere?: boolean;
}

/** Rate, errors and duration of the requests that a server answers, sampled or not. */
export interface ServerRed {
  /** Counts a request as active and gives back the cell to count it down in. */
  begin(method: Method, scheme: Scheme): Addable;
  end(active: Addable, request: FinishedRequest, durationSeconds: number): void;
}

export const SERVER_DURATION = {
  name: 'http.server.request.duration',
  description: 'Duration of HTTP server requests.',
  unit: 's',
} as const;

export const SERVER_ACTIVE = {
  name: 'http.server.active_requests',
  description: 'Number of active HTTP server requests.',
  unit: '{request}',
} as const;

type Children = Map<number, Series<Recordable>>;

const versions = ['1.1', '2', '1.0', '3'];
const noRoute = '';
const noError = '';

/** RED metrics that this library keeps itself, and the instruments that the outputs read. */
export function createServerRed(
  bounds: readonly number[],
  seriesLimit: number,
  onOverflow: () => void,
): { red: ServerRed; instruments: readonly Instrument[] } {
  const durations = new SeriesSet(() => new Histogram(bounds), seriesLimit, onOverflow);
  const active = new SeriesSet(() => new Sum(), seriesLimit, onOverflow);
  return {
    red: createServerRedOver(durations, active),
    instruments: [
      { kind: 'histogram', ...SERVER_DURATION, series: durations },
      { kind: 'updowncounter', ...SERVER_ACTIVE, series: active },
    ],
  };
}

/**
 * RED metrics over any two sets of series. Children are resolved once: a request costs two map look-ups (its route, then a number
 * made of method, scheme, version and status), never a joined string.
 */
export function createServerRedOver(durations: SeriesSet<Recordable>, active: SeriesSet<Addable>): ServerRed {
  const activeByKey = new Map<number, Addable>();
  // A request that ended with its status alone is the usual one; other kinds of error have a map of their own.
  const byRoute = new Map<string, Children>();
  const byRouteAndError = new Map<string, Map<string, Children>>();

  return {
    begin(method, scheme) {
      const key = method.index * 2 + (scheme === 'https' ? 1 : 0);
      let cell = activeByKey.get(key);
      if (cell === undefined) {
        cell = active.add({ 'http.request.method': method.name, 'url.scheme': scheme }).value;
        activeByKey.set(key, cell);
      }
      cell.add(1);
      return cell;
    },
    end(cell, request, durationSeconds) {
      cell.add(-1);
      const { route = noRoute, errorType = noError, statusCode } = request;
      const isErrorTheStatus =
        errorType === noError || (statusCode >= 500 && errorType === String(statusCode));
      const children = isErrorTheStatus
        ? childrenOf(byRoute, route)
        : childrenOf(mapOf(byRouteAndError, errorType), route);
      const key = keyOf(request);
      let child = children?.get(key);
      if (child === undefined) {
        child = durations.add(attributesOf(request));
        if (!durations.isFull) children?.set(key, child);
      }
      child.value.record(durationSeconds, request);
    },
  };

  // Past the series limit nothing new is remembered, so the maps are bounded with the series.
  function childrenOf(map: Map<string, Children>, route: string): Children | undefined {
    let children = map.get(route);
    if (children === undefined && !durations.isFull) {
      children = new Map();
      map.set(route, children);
    }
    return children;
  }

  function mapOf(map: Map<string, Map<string, Children>>, key: string): Map<string, Children> {
    let inner = map.get(key);
    if (inner === undefined) {
      inner = new Map();
      if (!durations.isFull) map.set(key, inner);
    }
    return inner;
  }
}

function keyOf(request: FinishedRequest): number {
  const version = request.protocolVersion === undefined ? 0 : versions.indexOf(request.protocolVersion) + 1;
  const scheme = request.scheme === 'https' ? 1 : 0;
  return ((request.statusCode * 8 + version) * 2 + scheme) * 32 + request.method.index;
}

function attributesOf(request: FinishedRequest): Attributes {
  const attributes: Attributes = {
    'http.request.method': request.method.name,
    'url.scheme': request.scheme,
  };
  if (request.route !== undefined) attributes['http.route'] = request.route;
  if (request.statusCode !== 0) attributes['http.response.status_code'] = request.statusCode;
  if (request.errorType !== undefined) attributes['error.type'] = request.errorType;
  if (request.protocolVersion !== undefined) attributes['network.protocol.version'] = request.protocolVersion;
  return attributes;
}
