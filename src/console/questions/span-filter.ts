import { Refusal } from '../http/refusal.js';
import { SPAN } from '../receive/otlp-schema.js';
import { plainAttributes } from '../store/attributes.js';
import { FAILED } from '../store/draft.js';
import type { Segment } from '../store/segment.js';
import type { Store } from '../store/store.js';
import { attributeFilter, hasAttribute } from './attribute-filter.js';
import { candidateRows } from './candidates.js';
import { restOf } from './item-json.js';
import type { Query } from './query.js';
import { spanRow } from './views.js';

export interface SpanFilter {
  readonly service: number | undefined;
  /** Nothing can match: a name that no span has. */
  readonly isVain: boolean;
  matches(segment: Segment, row: number): boolean;
  /** Whether a segment can have anything, by its bounds. */
  mayHave(segment: Segment): boolean;
}

/**
 * Reads which spans are asked for. What is in the columns is compared first, so that few spans have to be opened.
 * @throws Refusal
 */
export function spanFilter(store: Store, query: Query, fromMs: number, toMs: number): SpanFilter {
  const { catalog } = store;
  const serviceName = query.text('service');
  const service = serviceName === undefined ? undefined : catalog.findService(serviceName);
  const name = query.text('name');
  const nameId = name === undefined ? undefined : catalog.names.find(name);
  const route = query.text('route');
  const routeId = route === undefined ? undefined : catalog.routes.find(route);
  const isError = query.flag('error');
  const http = httpRange(query.text('status'));
  const minNs = (query.durationMs('min') ?? 0) * 1e6;
  const maxNs = (query.durationMs('max') ?? Number.POSITIVE_INFINITY) * 1e6;
  const attributes = query.texts('attr').map(attributeFilter);
  const text = query.text('text')?.toLowerCase();
  const from = (fromMs - store.startMs) * 1e6;
  const to = (toMs - store.startMs) * 1e6;
  const isCold = attributes.length > 0 || text !== undefined;
  const isCandidate = candidateRows(store, attributes, text);

  return {
    service,
    isVain:
      (serviceName !== undefined && service === undefined) ||
      (route !== undefined && routeId === undefined) ||
      (name !== undefined && nameId === undefined),
    mayHave: (segment) => segment.maxStart >= from && segment.minStart <= to && segment.maxDuration >= minNs,
    matches(segment, row) {
      const { columns } = segment;
      const start = columns.start[row] as number;
      if (start < from || start > to) return false;
      const duration = columns.duration[row] as number;
      if (duration < minNs || duration > maxNs) return false;
      if (nameId !== undefined && columns.name[row] !== nameId) return false;
      if (routeId !== undefined && columns.route[row] !== routeId) return false;
      if (isError !== undefined && (((columns.kind[row] as number) & FAILED) !== 0) !== isError) return false;
      const status = columns.http[row] as number;
      if (http !== undefined && (status < http[0] || status > http[1])) return false;
      return !isCold || matchesCold(segment, row);
    },
  };

  function matchesCold(segment: Segment, row: number): boolean {
    if (!isCandidate(segment, row)) return false;
    const ref = { segment, row };
    if (text !== undefined) {
      const isThere =
        spanRow(store, ref).name.toLowerCase().includes(text) ||
        segment.rest(row).toString('utf8').toLowerCase().includes(text);
      if (!isThere) return false;
    }
    if (attributes.length === 0) return true;
    const own = plainAttributes(restOf(ref, SPAN));
    const { attributes: ofResource } = catalog.resource(segment.columns.resource[row] as number);
    return attributes.every((one) => hasAttribute(one, own) || hasAttribute(one, ofResource));
  }
}

/** `503`, `5xx` or `500-599`. */
function httpRange(typed: string | undefined): readonly [number, number] | undefined {
  if (typed === undefined) return undefined;
  const [, from, to] = /^(\d{3})(?:-(\d{3}))?$/.exec(typed) ?? [];
  if (from !== undefined) return [Number(from), Number(to ?? from)];
  const [, digit] = /^([1-5])xx$/i.exec(typed) ?? [];
  if (digit === undefined)
    throw new Refusal(
      400,
      `status takes a status of HTTP such as 503 or 5xx, got ${JSON.stringify(typed.slice(0, 60))}`,
    );
  return [Number(digit) * 100, Number(digit) * 100 + 99];
}
