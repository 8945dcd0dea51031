import type { MapAnswer, MapEdge, MapNode } from '../data/answers.js';

export const NODE_WIDTH = 184;
export const NODE_HEIGHT = 44;
const MARGIN = 8;

export interface PlacedNode {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

export interface PlacedEdge {
  readonly from: string;
  readonly to: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly nodes: ReadonlyMap<string, PlacedNode>;
  readonly edges: readonly PlacedEdge[];
}

/** What the places depend on: as long as it stays the same, every node keeps its place. */
export function shapeOf({ nodes, edges }: MapAnswer): string {
  const names = nodes.map(({ name }) => name).sort();
  const lines = joined(edges)
    .map(({ from, to }) => `${from}\u0000${to}`)
    .sort();
  return JSON.stringify([names, lines]);
}

/** Places nodes in layers, callers to the left of what they call. dagre is loaded when the first map is drawn. */
export async function layOut(answer: MapAnswer): Promise<Layout> {
  const { Graph, layout } = await import('@dagrejs/dagre');
  const graph = new Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 20, ranksep: 96, marginx: MARGIN, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  const nodes = [...answer.nodes].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name } of nodes) graph.setNode(name, { width: NODE_WIDTH, height: NODE_HEIGHT });
  const edges = joined(answer.edges).sort((a, b) => (a.from + a.to < b.from + b.to ? -1 : 1));
  for (const { from, to } of edges) graph.setEdge(from, to);
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  const pointsOf = (from: string, to: string) =>
    (graph.edge(from, to) as { points: { x: number; y: number }[] }).points;
  // dagre measures its nodes: an edge that goes round all of them lies outside of what it says.
  let top = 0;
  let bottom = height;
  for (const { from, to } of edges)
    for (const { y } of pointsOf(from, to)) {
      top = Math.min(top, y - MARGIN);
      bottom = Math.max(bottom, y + MARGIN);
    }
  const place = (name: string): PlacedNode => {
    const { x, y } = graph.node(name) as { x: number; y: number };
    return { name, x, y: y - top };
  };
  return {
    width,
    height: bottom - top,
    nodes: new Map(nodes.map(({ name }) => [name, place(name)])),
    edges: edges.map(({ from, to }) => ({
      from,
      to,
      points: pointsOf(from, to).map(({ x, y }) => ({ x, y: y - top })),
    })),
  };
}

/** One edge for each pair, however many addresses lead there: counts are added, of the rest the worst is taken. */
export function joined(edges: readonly MapEdge[]): MapEdge[] {
  const pairs = new Map<string, MapEdge>();
  for (const edge of edges) {
    const key = `${edge.from}\u0000${edge.to}`;
    const known = pairs.get(key);
    if (known === undefined) {
      pairs.set(key, edge);
      continue;
    }
    const count = known.count + edge.count;
    const errors = known.errors + edge.errors;
    pairs.set(key, {
      ...known,
      count,
      errors,
      rate: known.rate + edge.rate,
      errorRatio: count === 0 ? null : errors / count,
      p50: worse(known.p50, edge.p50),
      p95: worse(known.p95, edge.p95),
      p99: worse(known.p99, edge.p99),
      breaker: known.breaker ?? edge.breaker,
    });
  }
  return [...pairs.values()];
}

function worse(one: number | null, other: number | null): number | null {
  return one === null ? other : other === null ? one : Math.max(one, other);
}

/** Of a node that is no service, what its requests are is what its callers see. */
export function seenOf(
  node: MapNode,
  edges: readonly MapEdge[],
): { rate: number; errorRatio: number | null; p99: number | null } {
  if (node.red !== undefined) return node.red;
  const own = edges.filter(({ to }) => to === node.name);
  const count = own.reduce((sum, edge) => sum + edge.count, 0);
  const errors = own.reduce((sum, edge) => sum + edge.errors, 0);
  return {
    rate: own.reduce((sum, edge) => sum + edge.rate, 0),
    errorRatio: count === 0 ? null : errors / count,
    p99: own.reduce<number | null>((most, edge) => worse(most, edge.p99), null),
  };
}
