import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildTree as build, NO_PARENT, NOT_HELD } from '../../src/console/questions/trace-tree.js';

const span = (id: string, parentId: string, startMs: number, durationMs: number) => ({
  id,
  parentId,
  startMs,
  durationMs,
});

type Given = ReturnType<typeof span>;

/** Spans by names in place of places. */
function buildTree(spans: readonly Given[], leastGapMs = 1) {
  const places = new Map(spans.map(({ id }, place) => [id, place]));
  const tree = build(
    {
      parents: Int32Array.from(spans, ({ parentId }) =>
        parentId === '' ? NO_PARENT : (places.get(parentId) ?? NOT_HELD),
      ),
      startMs: Float64Array.from(spans, ({ startMs }) => startMs),
      durationMs: Float64Array.from(spans, ({ durationMs }) => durationMs),
    },
    leastGapMs,
  );
  const nodes = Array.from(tree.order, (place) => ({
    span: spans[place] as Given,
    depth: tree.depth[place] as number,
    selfMs: tree.selfMs[place] as number,
    criticalMs: tree.criticalMs[place] as number,
    isOrphan: tree.isOrphan[place] === 1,
  }));
  const gaps = tree.gaps.map((value, at) => (at % 3 === 0 ? spans[value]?.id : value));
  return { nodes, gaps, root: nodes.find(({ span: one }) => one === spans[tree.root]) };
}

describe('where the time of a trace went', () => {
  test('the last child to finish is what its parent waited for', () => {
    const { nodes, root } = buildTree([
      span('root', '', 0, 100),
      span('early', 'root', 0, 40),
      span('late', 'root', 30, 60),
      span('deep', 'late', 50, 40),
    ]);
    expect(root?.span.id).toBe('root');
    const by = Object.fromEntries(nodes.map((node) => [node.span.id, node]));
    expect(by.deep?.criticalMs).toBe(40);
    expect(by.late?.criticalMs).toBe(20);
    // Until the late one began.
    expect(by.early?.criticalMs).toBe(30);
    expect(by.root?.criticalMs).toBe(10);
    expect(by.root?.selfMs).toBe(10);
    expect(by.late?.selfMs).toBe(20);
  });

  test('a child that goes on after its parent counts as long as the parent waited', () => {
    const { nodes } = buildTree([span('root', '', 0, 10), span('async', 'root', 5, 100)]);
    expect(nodes.map(({ criticalMs }) => criticalMs)).toEqual([5, 5]);
  });

  test('a span whose parent is not there is an orphan, and no root where there is another', () => {
    const { nodes, root } = buildTree([span('a', 'gone', 0, 500), span('b', '', 10, 5)]);
    expect(root?.span.id).toBe('b');
    expect(nodes.filter(({ isOrphan }) => isOrphan).map(({ span: { id } }) => id)).toEqual(['a']);
  });

  test('spans that go in a circle come out once each', () => {
    const { nodes } = buildTree([span('a', 'b', 0, 1), span('b', 'a', 0, 1), span('c', 'c', 0, 1)]);
    expect(nodes.map(({ span: { id } }) => id).sort()).toEqual(['a', 'b', 'c']);
  });

  test('time without a child is a gap of a span that has some, where it is long enough', () => {
    const { gaps } = buildTree(
      [
        span('root', '', 0, 100),
        span('a', 'root', 20, 20),
        span('b', 'root', 41, 40),
        span('late', 'root', 110, 5),
      ],
      2,
    );
    expect(gaps).toEqual(['root', 0, 20, 'root', 81, 100]);
  });

  test('children come by their start after their parent, before what follows it', () => {
    const { nodes } = buildTree([
      span('second', 'root', 50, 10),
      span('below', 'first', 12, 3),
      span('first', 'root', 10, 10),
      span('root', '', 0, 100),
    ]);
    expect(nodes.map(({ span: { id }, depth }) => `${id} ${depth}`)).toEqual([
      'root 0',
      'first 1',
      'below 2',
      'second 1',
    ]);
  });

  test('ten thousand spans in a row are no deeper than the stack', () => {
    const chain = Array.from({ length: 10_000 }, (_, index) =>
      span(String(index), index === 0 ? '' : String(index - 1), index, 20_000 - 2 * index),
    );
    const { nodes } = buildTree(chain);
    expect(nodes.at(-1)?.depth).toBe(9_999);
  });

  test('the critical path takes exactly as long as the trace', () => {
    const arbitrary = fc
      .array(fc.record({ parent: fc.nat(), start: fc.nat(100), length: fc.integer({ min: 1, max: 100 }) }), {
        minLength: 1,
        maxLength: 40,
      })
      .map((given) =>
        given.map(({ parent, start, length }, index) =>
          span(
            String(index),
            index === 0 ? '' : String(parent % index),
            index === 0 ? 0 : start,
            index === 0 ? 150 : length,
          ),
        ),
      );
    fc.assert(
      fc.property(arbitrary, (spans) => {
        const { nodes } = buildTree(spans);
        const total = nodes.reduce((sum, { criticalMs }) => sum + criticalMs, 0);
        expect(total).toBeCloseTo(150, 6);
        for (const { selfMs, span: own } of nodes) {
          expect(selfMs).toBeGreaterThanOrEqual(0);
          expect(selfMs).toBeLessThanOrEqual(own.durationMs);
        }
      }),
    );
  });
});
