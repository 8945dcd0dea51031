import { describe, expect, test } from 'vitest';
import type { TraceModel } from '../../src/page/trace/trace-model.js';
import {
  depthOf,
  type Folding,
  foldedAt,
  NOTHING_FOLDED,
  revealed,
  spanOfRow,
  type WaterfallRow,
  waterfallRows,
} from '../../src/page/trace/waterfall-rows.js';
import { type GivenSpan, traceOf } from './trace-fixture.js';

/** Rows as a person would draw them. */
const drawn = (rows: readonly WaterfallRow[]) =>
  rows.map((row) => {
    const indent = '  '.repeat(row.level - 1);
    const toggle = row.isOpen === undefined ? '' : row.isOpen ? '▾ ' : '▸ ';
    if (row.kind === 'missing') return `${indent}${toggle}missing ${row.parentId}`;
    if (row.kind === 'repeat')
      return `${indent}${toggle}${row.nodes.length} × ${row.nodes[0]?.span.name}, ${row.busyMs} ms`;
    return `${indent}${toggle}${row.node.span.name}`;
  });
const rowsOf = (model: TraceModel, folding: Partial<Folding> = {}) =>
  drawn(waterfallRows(model, { ...NOTHING_FOLDED, ...folding }));

const order: readonly GivenSpan[] = [
  { id: 'root', at: 0, ms: 100 },
  { id: 'db', parent: 'root', at: 5, ms: 10 },
  { id: 'call', parent: 'root', at: 20, ms: 70 },
  { id: 'pay', parent: 'call', service: 'payment', at: 25, ms: 60 },
  { id: 'inner', parent: 'pay', service: 'payment', at: 30, ms: 50 },
  { id: 'bank', parent: 'inner', service: 'bank', at: 35, ms: 40 },
];
const reads = (count: number, parent = 'root'): GivenSpan[] =>
  Array.from({ length: count }, (_one, index) => ({
    id: `read${index}`,
    parent,
    name: 'GET redis',
    at: 10 + 4 * index,
    ms: 3,
  }));

describe('rows of the waterfall', () => {
  test('are the spans as a tree, parents first', () => {
    expect(rowsOf(traceOf(order))).toEqual([
      '▾ root',
      '  db',
      '  ▾ call',
      '    ▾ pay',
      '      ▾ inner',
      '        bank',
    ]);
  });

  test('leave out what is below a closed span', () => {
    expect(rowsOf(traceOf(order), { closed: new Set(['call']) })).toEqual(['▾ root', '  db', '  ▸ call']);
  });

  test('say their level and their place among siblings', () => {
    const [root, db, call] = waterfallRows(traceOf(order), NOTHING_FOLDED);
    expect(root).toMatchObject({ level: 1, position: 1, size: 1, rails: [] });
    expect(db).toMatchObject({ level: 2, position: 1, size: 2, rails: [true] });
    expect(call).toMatchObject({ level: 2, position: 2, size: 2, rails: [false] });
  });

  test('fold five siblings alike into one, and not four', () => {
    expect(rowsOf(traceOf([order[0] as GivenSpan, ...reads(4)]))).toHaveLength(5);
    expect(rowsOf(traceOf([order[0] as GivenSpan, ...reads(5)]))).toEqual([
      '▾ root',
      '  ▸ 5 × GET redis, 15 ms',
    ]);
  });

  test('fold siblings alike also where others are between them', () => {
    const mixed = reads(6).flatMap((read, index) => [
      read,
      { id: `other${index}`, parent: 'root', at: 11 + 4 * index, ms: 1 },
    ]);
    const rows = rowsOf(traceOf([order[0] as GivenSpan, ...mixed]));
    expect(rows.filter((row) => row.includes('×'))).toEqual(['  ▸ 6 × GET redis, 18 ms']);
    expect(rows).toHaveLength(8);
  });

  test('show the single ones of a repeat that is open, a level deeper', () => {
    const model = traceOf([order[0] as GivenSpan, ...reads(5)]);
    const [, repeat] = waterfallRows(model, NOTHING_FOLDED);
    const rows = rowsOf(model, { openRepeats: new Set([repeat?.key ?? '']) });
    expect(rows.slice(1, 3)).toEqual(['  ▾ 5 × GET redis, 15 ms', '    GET redis']);
    expect(rows).toHaveLength(7);
  });

  test('count overlapping siblings once in the time of a repeat', () => {
    const overlapping = reads(5).map((read) => ({ ...read, at: 10, ms: 20 }));
    expect(rowsOf(traceOf([order[0] as GivenSpan, ...overlapping]))[1]).toContain('20 ms');
  });

  test('of a folded service show only its entries, and what it called outside', () => {
    expect(rowsOf(traceOf(order), { services: new Set(['payment']) })).toEqual([
      '▾ root',
      '  db',
      '  ▾ call',
      '    ▾ pay',
      '      bank',
    ]);
  });

  test('put spans whose parent is not held under its place, never beside the roots', () => {
    const orphans: readonly GivenSpan[] = [
      { id: 'root', at: 0, ms: 50 },
      { id: 'lost1', parent: 'gone', at: 10, ms: 5 },
      { id: 'lost2', parent: 'gone', at: 20, ms: 5 },
      { id: 'other', parent: 'away', at: 30, ms: 5 },
    ];
    expect(rowsOf(traceOf(orphans))).toEqual([
      'root',
      '▾ missing gone',
      '  lost1',
      '  lost2',
      '▾ missing away',
      '  other',
    ]);
  });

  test('are few for a trace of 10,000 spans that repeat', () => {
    const batches = Array.from({ length: 200 }, (_one, batch): GivenSpan[] => [
      { id: `b${batch}`, parent: 'root', name: `batch ${batch}`, at: batch, ms: 1 },
      ...Array.from({ length: 49 }, (_two, item) => ({
        id: `b${batch}i${item}`,
        parent: `b${batch}`,
        name: 'GET redis',
        at: batch,
        ms: 0.01,
      })),
    ]).flat();
    const model = traceOf([{ id: 'root', at: 0, ms: 300 }, ...batches]);
    expect(model.nodes).toHaveLength(10_001);
    expect(waterfallRows(model, NOTHING_FOLDED)).toHaveLength(401);
  });
});

describe('a span that is asked for', () => {
  const model = traceOf([...order, ...reads(5, 'inner')]);

  test('is shown, whatever is folded around it', () => {
    const folded = {
      closed: new Set(['root', 'call', 'pay']),
      openRepeats: new Set<string>(),
      services: new Set(['payment']),
    };
    const open = revealed(model, folded, 'read3');
    expect(waterfallRows(model, open).some(({ key }) => key === 'read3')).toBe(true);
    expect(waterfallRows(model, folded).some(({ key }) => key === 'read3')).toBe(false);
  });

  test('opens nothing that is beside it', () => {
    const folded = foldedAt(model, NOTHING_FOLDED, 1);
    expect(rowsOf(model, folded)).toEqual(['▸ root']);
    expect(rowsOf(model, revealed(model, folded, 'db'))).toEqual(['▾ root', '  db', '  ▸ call']);
  });

  test('changes nothing where the trace has no such span', () => {
    expect(revealed(model, NOTHING_FOLDED, 'nowhere')).toBe(NOTHING_FOLDED);
  });
});

test('a trace is folded at a depth, and unfolded again', () => {
  const model = traceOf(order);
  expect(depthOf(model)).toBe(5);
  expect(rowsOf(model, foldedAt(model, NOTHING_FOLDED, 3))).toEqual([
    '▾ root',
    '  db',
    '  ▾ call',
    '    ▸ pay',
  ]);
});

test('a repeat stands for its longest span', () => {
  const model = traceOf([
    order[0] as GivenSpan,
    ...reads(5).map((read, index) => (index === 3 ? { ...read, ms: 30 } : read)),
  ]);
  const [, repeat] = waterfallRows(model, NOTHING_FOLDED);
  expect(spanOfRow(repeat as WaterfallRow)?.span.spanId).toBe('read3');
});
