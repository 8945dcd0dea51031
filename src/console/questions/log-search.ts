import { Refusal } from '../http/refusal.js';
import { traceWords } from '../receive/words.js';
import type { Store } from '../store/store.js';
import { attributeFilter, hasAttribute } from './attribute-filter.js';
import { candidates } from './candidates.js';
import type { Query } from './query.js';
import { TimeSlice } from './time-slice.js';
import { LEVELS, type LogRow, logRow } from './views.js';

interface Match {
  readonly row: LogRow;
  readonly timeMs: number;
}

const rowsPerSlice = 128;
/** So many lines wait for their order at most. */
const mostWaiting = 50_000;

/** Log lines as asked for, newest first. @throws Refusal */
export async function* searchLogs(store: Store, query: Query, limit: number): AsyncGenerator<LogRow> {
  const traceId = query.text('trace');
  const words = traceId === undefined ? undefined : traceWords(traceId);
  if (traceId !== undefined && words === undefined)
    throw new Refusal(400, 'trace takes the 32 hex digits of a trace id');
  const { fromMs, toMs } = query.window(24 * 3_600_000);
  const least = levelOf(query.text('level'));
  const spanId = query.text('span');
  const text = query.text('text')?.toLowerCase();
  const template = query.text('template');
  const templateId = template === undefined ? undefined : store.catalog.names.find(template);
  const attributes = query.texts('attr').map(attributeFilter);
  const serviceName = query.text('service');
  const service = serviceName === undefined ? undefined : store.catalog.findService(serviceName);
  if (serviceName !== undefined && service === undefined) return;
  if (template !== undefined && templateId === undefined) return;
  const from = (fromMs - store.startMs) * 1e6;
  const to = (toMs - store.startMs) * 1e6;

  const isWanted = (row: LogRow): boolean =>
    (spanId === undefined || row.spanId === spanId) &&
    (text === undefined ||
      row.body.toLowerCase().includes(text) ||
      JSON.stringify(row.attributes).toLowerCase().includes(text)) &&
    attributes.every((one) => hasAttribute(one, row.attributes));

  if (words !== undefined) {
    const rows = store
      .ofTrace('logs', words, mostWaiting)
      .map((ref) => logRow(store, ref))
      .filter((row) => row.severity >= least && isWanted(row))
      .filter((row) => serviceName === undefined || row.service === serviceName)
      .sort((a, b) => b.timeMs - a.timeMs);
    yield* rows.slice(0, limit);
    return;
  }

  const isCold = attributes.length > 0 || text !== undefined;
  const slice = new TimeSlice();
  const segments = [...store.segments('logs', service)]
    .filter(({ maxStart, minStart }) => maxStart >= from && minStart <= to)
    .sort((a, b) => b.maxStart - a.maxStart);
  let waiting: Match[] = [];
  let given = 0;
  for (const [index, segment] of segments.entries()) {
    const { columns } = segment;
    let marks: Uint8Array | undefined;
    for (let row = segment.rows - 1; row >= 0; row -= 1) {
      if (row % rowsPerSlice === 0) await slice.rest();
      const time = columns.start[row] as number;
      if (time < from || time > to || (columns.kind[row] as number) < least) continue;
      if (templateId !== undefined && columns.name[row] !== templateId) continue;
      if (isCold) {
        marks ??= candidates(store, segment, attributes, text);
        if (marks[row] === 0) continue;
      }
      const view = logRow(store, { segment, row });
      if (!isWanted(view)) continue;
      waiting.push({ row: view, timeMs: view.timeMs });
      if (waiting.length >= mostWaiting) break;
      // Lines of a segment come nearly in order: enough of them are enough.
      if (waiting.length >= 2 * (limit - given) + 1_000) break;
    }
    const next = segments[index + 1];
    const boundMs = next === undefined ? Number.NEGATIVE_INFINITY : store.startMs + next.maxStart / 1e6;
    waiting.sort((a, b) => a.timeMs - b.timeMs);
    for (let last = waiting.at(-1); last !== undefined && last.timeMs >= boundMs; last = waiting.at(-1)) {
      waiting.pop();
      yield last.row;
      given += 1;
      if (given >= limit) return;
    }
    waiting = waiting.slice(-(limit - given) - 1_000);
  }
}

/** The templates of the lines, most often first, with one line of each. */
export async function logTemplates(store: Store, query: Query, limit: number) {
  const counts = new Map<string, { template: string; count: number; worst: number; example: LogRow }>();
  for await (const row of searchLogs(store, query, mostWaiting)) {
    const known = counts.get(row.template);
    if (known === undefined)
      counts.set(row.template, { template: row.template, count: 1, worst: row.severity, example: row });
    else {
      known.count += 1;
      known.worst = Math.max(known.worst, row.severity);
    }
  }
  return [...counts.values()].sort((a, b) => b.count - a.count).slice(0, limit);
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
