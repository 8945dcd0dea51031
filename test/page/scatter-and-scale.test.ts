import { describe, expect, test } from 'vitest';
import type { LogRow } from '../../src/page/data/answers.js';
import { foldRuns, singleRuns } from '../../src/page/logs/log-runs.js';
import {
  panned,
  pixelMarks,
  pixelSegments,
  rangeWithin,
  ticks,
  zoomed,
} from '../../src/page/trace/time-scale.js';
import {
  cellNear,
  durationAt,
  durationTicks,
  scatterCells,
  scatterScale,
  timeAt,
  xOf,
  yOf,
} from '../../src/page/traces/scatter-grid.js';

describe('the scale of a trace', () => {
  test('zooms around a time, and stays within the trace', () => {
    expect(zoomed({ from: 0, to: 100 }, 0.5, 20, 100)).toEqual({ from: 10, to: 60 });
    expect(zoomed({ from: 40, to: 60 }, 10, 50, 100)).toEqual({ from: 0, to: 100 });
    expect(panned({ from: 80, to: 100 }, 0.5, 100)).toEqual({ from: 80, to: 100 });
    expect(rangeWithin({ from: -10, to: 5 }, 100)).toEqual({ from: 0, to: 15 });
  });

  test('is marked at round times', () => {
    expect(ticks({ from: 0, to: 4_310 }, 5)).toEqual([0, 1_000, 2_000, 3_000, 4_000]);
    expect(ticks({ from: 12, to: 13 }, 5)).toEqual(
      [12, 12.2, 12.4, 12.6, 12.8, 13].map((ms) => expect.closeTo(ms)),
    );
    expect(ticks({ from: 5, to: 5 }, 5)).toEqual([]);
  });

  test('draws what is in view, and what would touch as one', () => {
    const range = { from: 0, to: 100 };
    expect(
      pixelSegments(
        [
          [0, 10],
          [10.1, 20],
          [50, 60],
        ],
        range,
        100,
      ),
    ).toEqual([
      [0, 20],
      [50, 60],
    ]);
    expect(
      pixelSegments(
        [
          [-50, 10],
          [90, 200],
          [300, 400],
        ],
        range,
        100,
      ),
    ).toEqual([
      [0, 10],
      [90, 100],
    ]);
    // What is too short to see is seen all the same, at the end as well.
    expect(
      pixelSegments(
        [
          [50, 50.001],
          [100, 100],
        ],
        range,
        100,
        2,
      ),
    ).toEqual([
      [50, 52],
      [98, 100],
    ]);
  });

  test('draws ten thousand segments as no more than there are pixels', () => {
    const many = Array.from({ length: 10_000 }, (_one, index) => [index, index + 0.5] as const);
    expect(pixelSegments(many, { from: 0, to: 10_000 }, 600).length).toBeLessThanOrEqual(600);
  });

  test('puts marks together that would lie over each other', () => {
    const marks = pixelMarks([1, 2, 50], (time) => time, { from: 0, to: 100 }, 100);
    expect(marks).toEqual([
      { x: 1, items: [1, 2] },
      { x: 50, items: [50] },
    ]);
  });
});

describe('the scatter', () => {
  const dots = [
    { timeMs: 1_000, durationMs: 10, isFailed: false },
    { timeMs: 1_001, durationMs: 10.1, isFailed: true },
    { timeMs: 9_000, durationMs: 3_000, isFailed: false },
    { timeMs: 99_000, durationMs: 10, isFailed: false },
  ];
  const scale = scatterScale(dots, 0, 10_000, 500, 100);

  test('puts together what cannot be told apart, keeps the slowest, and leaves out other times', () => {
    const cells = scatterCells(dots, scale);
    expect(cells.map(({ count, failures, slowest }) => [count, failures, slowest])).toEqual([
      [2, 1, 1],
      [1, 0, 2],
    ]);
  });

  test('has longer ones above, and reads a place back as what it stands for', () => {
    expect(yOf(scale, 3_000)).toBeLessThan(yOf(scale, 10));
    expect(timeAt(scale, xOf(scale, 4_200))).toBeCloseTo(4_200);
    expect(durationAt(scale, yOf(scale, 250))).toBeCloseTo(250);
    expect(durationTicks(scale)).toEqual([10, 100, 1_000]);
  });

  test('finds the cell that is pointed at, within reach', () => {
    const cells = scatterCells(dots, scale);
    const [cell] = cells;
    expect(cellNear(cells, (cell?.x ?? 0) + 3, cell?.y ?? 0)).toBe(cell);
    expect(cellNear(cells, 300, 5)).toBeUndefined();
  });

  test('has as many cells as places, whatever the number of traces', () => {
    const many = Array.from({ length: 100_000 }, (_one, index) => ({
      timeMs: index % 10_000,
      durationMs: 1 + (index % 997),
      isFailed: false,
    }));
    const own = scatterScale(many, 0, 10_000, 500, 100);
    const cells = scatterCells(many, own);
    expect(cells.length).toBeLessThanOrEqual(101 * 21);
    expect(cells.reduce((sum, { count }) => sum + count, 0)).toBe(100_000);
  });
});

describe('lines alike', () => {
  const line = (timeMs: number, template: string, service = 'order', severity = 9): LogRow => ({
    timeMs,
    service,
    severity,
    level: 'info',
    body: `${template} ${timeMs}`,
    template,
    attributes: {},
    traceId: '',
    spanId: '',
  });
  const shown = (lines: readonly LogRow[], open: ReadonlySet<string> = new Set()) =>
    foldRuns(lines, open).map(({ line: { template }, lines: own }) => `${own.length} ${template}`);

  test('fold from three on, also with others between them', () => {
    const lines = [9, 8, 7, 6, 5].map((time) => line(time, time % 2 === 0 ? 'b' : 'a'));
    expect(shown(lines)).toEqual(['3 a', '1 b', '1 b']);
    expect(shown(lines.slice(1, 4))).toEqual(['1 b', '1 a', '1 b']);
  });

  test('do not fold over services, levels, or a long time of other lines', () => {
    expect(shown([line(3, 'a'), line(2, 'a', 'other'), line(1, 'a', 'order', 17)])).toHaveLength(3);
    const apart = [
      line(99, 'a'),
      ...Array.from({ length: 13 }, (_one, index) => line(90 - index, `x${index}`)),
      line(2, 'a'),
      line(1, 'a'),
    ];
    expect(shown(apart)).not.toContain('3 a');
  });

  test('unfold by their key, which stays as newer lines come', () => {
    const before = [line(3, 'a'), line(2, 'a'), line(1, 'a')];
    const [run] = foldRuns(before, new Set());
    const open = new Set([run?.key ?? '']);
    const after = [line(4, 'a'), ...before];
    expect(shown(after, open)).toEqual(['4 a', '1 a', '1 a', '1 a']);
  });

  test('have keys of their own even where they are the same in all', () => {
    const same = [line(1, 'a'), line(1, 'a'), line(1, 'a')];
    expect(new Set(singleRuns(same).map(({ key }) => key)).size).toBe(3);
  });
});
