import { Refusal } from '../http/refusal.js';
import type { Segment } from '../store/segment.js';
import type { Store } from '../store/store.js';
import { attributeFilter, hasAttribute } from './attribute-filter.js';
import { candidateRows } from './candidates.js';
import type { Query } from './query.js';
import { LEVELS, type LogRow, logRow } from './views.js';

export interface LogFilter {
  readonly service: number | undefined;
  /** Nothing can match: a name that no line has. */
  readonly isVain: boolean;
  /** Whether a segment can have anything, by its bounds. */
  mayHave(segment: Segment): boolean;
  /** By the columns, and by what stands in the bytes: a line may turn out to be none when it is opened. */
  mayMatch(segment: Segment, row: number): boolean;
  /** Whether a line has to be opened to be sure. */
  readonly isCold: boolean;
  matches(row: LogRow): boolean;
}

/** Reads which log lines are asked for: `service`, `level`, `template`, `span`, `text`, `attr`. @throws Refusal */
export function logFilter(store: Store, query: Query, fromMs: number, toMs: number): LogFilter {
  const { catalog } = store;
  const least = levelOf(query.text('level'));
  const spanId = query.text('span');
  const text = query.text('text')?.toLowerCase();
  const template = query.text('template');
  const templateId = template === undefined ? undefined : catalog.names.find(template);
  const attributes = query.texts('attr').map(attributeFilter);
  const serviceName = query.text('service');
  const service = serviceName === undefined ? undefined : catalog.findService(serviceName);
  const from = (fromMs - store.startMs) * 1e6;
  const to = (toMs - store.startMs) * 1e6;
  const isSearched = attributes.length > 0 || text !== undefined;
  const isCandidate = candidateRows(store, attributes, text);

  return {
    service,
    isVain:
      (serviceName !== undefined && service === undefined) ||
      (template !== undefined && templateId === undefined),
    mayHave: ({ minStart, maxStart }) => maxStart >= from && minStart <= to,
    isCold: isSearched || spanId !== undefined,
    mayMatch(segment, row) {
      const { columns } = segment;
      const time = columns.start[row] as number;
      if (time < from || time > to || (columns.kind[row] as number) < least) return false;
      if (templateId !== undefined && columns.name[row] !== templateId) return false;
      return !isSearched || isCandidate(segment, row);
    },
    matches: (row) =>
      row.severity >= least &&
      (serviceName === undefined || row.service === serviceName) &&
      (template === undefined || row.template === template) &&
      (spanId === undefined || row.spanId === spanId) &&
      (text === undefined ||
        row.body.toLowerCase().includes(text) ||
        JSON.stringify(row.attributes).toLowerCase().includes(text)) &&
      attributes.every((one) => hasAttribute(one, row.attributes)),
  };
}

/** A line that {@link LogFilter.mayMatch}, where it does. */
export function matching(store: Store, filter: LogFilter, segment: Segment, row: number): LogRow | undefined {
  const view = logRow(store, { segment, row });
  return filter.matches(view) ? view : undefined;
}

function levelOf(level: string | undefined): number {
  if (level === undefined) return 0;
  const index = (LEVELS as readonly string[]).indexOf(level.toLowerCase());
  if (index < 0)
    throw new Refusal(
      400,
      `level takes one of ${LEVELS.join(', ')}, got ${JSON.stringify(level.slice(0, 40))}`,
    );
  return 4 * index + 1;
}
