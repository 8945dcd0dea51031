import { expect, test } from 'vitest';
import type { MapAnswer } from '../../src/page/data/answers.js';
import { layOut, NODE_HEIGHT } from '../../src/page/map/layout.js';

const answer = (edges: readonly (readonly [string, string])[]): MapAnswer =>
  ({
    nodes: [...new Set(edges.flat())].map((name) => ({ name, kind: 'service' })),
    edges: edges.map(([from, to]) => ({ from, to, target: to, count: 1, rate: 1, errors: 0 })),
  }) as unknown as MapAnswer;

test('every edge lies within the drawing, also one that goes round all nodes', async () => {
  // The shop: the call of storefront to catalog passes below everything else.
  const { width, height, nodes, edges } = await layOut(
    answer([
      ['storefront', 'catalog'],
      ['storefront', 'order'],
      ['web', 'orders'],
      ['web', 'catalog'],
      ['orders', 'payments'],
      ['orders', 'db'],
      ['payments', 'db'],
      ['order', 'auth'],
      ['order', 'inventory'],
      ['order', 'kafka'],
      ['order', 'payment'],
      ['order', 'shop-db'],
      ['auth', 'redis'],
      ['inventory', 'redis'],
      ['inventory', 'shop-db'],
      ['catalog', 'redis'],
      ['catalog', 'shop-db'],
      ['catalog', 'db'],
      ['payment', 'bank'],
      ['payment', 'fraud'],
      ['payment', 'shop-db'],
      ['pricing', 'redis'],
      ['pricing', 'shop-db'],
      ['search', 'redis'],
      ['search', 'shop-db'],
    ]),
  );
  for (const { points } of edges)
    for (const { x, y } of points) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(width);
      expect(y).toBeGreaterThanOrEqual(4);
      expect(y).toBeLessThanOrEqual(height - 4);
    }
  for (const { y } of nodes.values()) expect(y + NODE_HEIGHT / 2).toBeLessThanOrEqual(height);
});
