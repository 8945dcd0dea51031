import { useEffect, useRef, useState } from 'preact/hooks';
import { go } from '../address/address.js';
import type { MapAnswer, MapEdge, MapNode } from '../data/answers.js';
import { duration, rate, share } from '../parts/format.js';
import { hueClass } from '../parts/hue.js';
import { serviceHref } from '../parts/links.js';
import {
  joined,
  type Layout,
  layOut,
  NODE_HEIGHT,
  NODE_WIDTH,
  type PlacedEdge,
  seenOf,
  shapeOf,
} from './layout.js';

interface MapDrawingProps {
  readonly of: MapAnswer;
  /** The edge that is pointed at in the list. */
  readonly chosen: string | undefined;
  readonly onChoose: (edge: string | undefined) => void;
}

const failing = 0.01;

export function edgeKey({ from, to }: { readonly from: string; readonly to: string }): string {
  return `${from} → ${to}`;
}

/** Services and what they call, from left to right. */
export function MapDrawing({ of, chosen, onChoose }: MapDrawingProps) {
  const shape = shapeOf(of);
  const [layout, setLayout] = useState<Layout>();
  const box = useRef<SVGSVGElement>(null);
  useEffect(() => {
    let isWanted = true;
    void layOut(of).then((next) => {
      if (isWanted) setLayout(next);
    });
    return () => {
      isWanted = false;
    };
  }, [shape]);
  if (layout === undefined) return <div class="waiting" />;
  const edges = joined(of.edges);
  const edgeOf = new Map(edges.map((edge) => [edgeKey(edge), edge]));
  const mostRate = Math.max(0.001, ...edges.map((edge) => edge.rate));
  const focusOn = (name: string | undefined) => {
    if (name !== undefined)
      box.current?.querySelector<SVGElement>(`[data-node=${JSON.stringify(name)}]`)?.focus();
  };
  const walk = (name: string, key: string): boolean => {
    if (key === 'ArrowRight') focusOn(edges.find(({ from }) => from === name)?.to);
    else if (key === 'ArrowLeft') focusOn(edges.find(({ to }) => to === name)?.from);
    else if (key === 'ArrowUp' || key === 'ArrowDown')
      focusOn(beside(layout, name, key === 'ArrowUp' ? -1 : 1));
    else return false;
    return true;
  };
  return (
    <div class="map-scroll">
      {/* biome-ignore lint/a11y/useSemanticElements: it is a drawing, not a form. */}
      <svg
        ref={box}
        class="map"
        width={layout.width}
        height={layout.height}
        viewBox={`0 0 ${layout.width} ${layout.height}`}
        role="group"
        aria-label="map of services; arrows walk along the calls"
      >
        <g>
          {layout.edges.map((placed) => {
            const edge = edgeOf.get(edgeKey(placed));
            return (
              edge !== undefined && (
                <Edge
                  key={edgeKey(placed)}
                  placed={placed}
                  edge={edge}
                  weight={edge.rate / mostRate}
                  isChosen={chosen === edgeKey(placed)}
                  onChoose={onChoose}
                />
              )
            );
          })}
        </g>
        {of.nodes.map((node) => (
          <Node key={node.name} node={node} layout={layout} edges={edges} walk={walk} />
        ))}
      </svg>
    </div>
  );
}

/** The node above or below one in its layer. */
function beside({ nodes }: Layout, name: string, step: number): string | undefined {
  const own = nodes.get(name);
  if (own === undefined) return undefined;
  const layer = [...nodes.values()].filter(({ x }) => Math.abs(x - own.x) < 1).sort((a, b) => a.y - b.y);
  return layer[layer.findIndex((one) => one.name === name) + step]?.name;
}

interface NodeProps {
  readonly node: MapNode;
  readonly layout: Layout;
  readonly edges: readonly MapEdge[];
  readonly walk: (name: string, key: string) => boolean;
}

function Node({ node, layout, edges, walk }: NodeProps) {
  const place = layout.nodes.get(node.name);
  if (place === undefined) return null;
  const { rate: perSecond, errorRatio, p99 } = seenOf(node, edges);
  const isService = node.kind === 'service';
  const isFailing = (errorRatio ?? 0) > failing;
  const x = place.x - NODE_WIDTH / 2;
  const y = place.y - NODE_HEIGHT / 2;
  const to = serviceHref(node.name);
  const words = `${rate(perSecond)} · ${duration(p99)}`;
  const errors = (errorRatio ?? 0) > 0 ? ` · ${share(errorRatio)}` : '';
  const failedWidth = NODE_WIDTH * Math.min(1, errorRatio ?? 0);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it has the role of a link where it leads somewhere.
    <g
      class={`map-node is-${node.kind} ${isService ? hueClass(node.name) : ''} ${isFailing ? 'is-failing' : ''}`}
      transform={`translate(${x} ${y})`}
      data-node={node.name}
      role={isService ? 'link' : 'img'}
      tabIndex={0}
      aria-label={`${node.name} ${words}${errors}`}
      onClick={() => isService && go(to)}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && isService) go(to);
        else if (!walk(node.name, event.key)) return;
        event.preventDefault();
      }}
    >
      <title>{node.name}</title>
      <rect class="body" width={NODE_WIDTH} height={NODE_HEIGHT} rx={node.kind === 'database' ? 12 : 4} />
      {isService && <rect class="hue" x="8" y="8" width="4" height={NODE_HEIGHT - 16} rx="2" />}
      {failedWidth > 0 && (
        <rect class="failed" y={NODE_HEIGHT - 3} width={Math.max(6, failedWidth)} height="3" />
      )}
      <text x={isService ? 20 : 12} y="18" class="name">
        {cut(node.name, isService ? 23 : 24)}
      </text>{' '}
      <text x={isService ? 20 : 12} y="35" class="numbers">
        {words}
        {errors !== '' && <tspan class={isFailing ? 'bad' : undefined}>{errors}</tspan>}
      </text>
    </g>
  );
}

interface EdgeProps {
  readonly placed: PlacedEdge;
  readonly edge: MapEdge;
  /** Its rate, of the greatest. */
  readonly weight: number;
  readonly isChosen: boolean;
  readonly onChoose: (edge: string | undefined) => void;
}

function Edge({ placed: { points }, edge, weight, isChosen, onChoose }: EdgeProps) {
  const line = curve(points);
  const key = edgeKey(edge);
  const isFailing = (edge.errorRatio ?? 0) > failing;
  const isOpen = edge.breaker !== undefined;
  const middle = points[Math.floor(points.length / 2)] ?? { x: 0, y: 0 };
  const label = `${rate(edge.rate)} · ${share(edge.errorRatio)} · ${duration(edge.p99)}`;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: pointing shows what the list below says to everybody.
    <g
      class={`map-edge ${isFailing ? 'is-failing' : ''} ${isOpen ? 'is-broken' : ''} ${isChosen ? 'is-chosen' : ''}`}
      onMouseEnter={() => onChoose(key)}
      onMouseLeave={() => onChoose(undefined)}
    >
      <title>{`${key}\n${label}${isOpen ? `\ncircuit ${edge.breaker}` : ''}`}</title>
      <path class="target" d={line} />
      <path class="line" d={line} stroke-width={1.25 + 2.75 * Math.sqrt(weight)} />
      <path class="head" d={head(points)} />
      {isOpen && (
        <g transform={`translate(${middle.x} ${middle.y})`}>
          <circle r="10" class="gap" />
          <path d="M0 -6L6 0L0 6L-6 0z" class="diamond" />
        </g>
      )}
      {isChosen && (
        <text x={middle.x} y={middle.y - 10} class="label">
          {label}
        </text>
      )}
    </g>
  );
}

function curve(points: PlacedEdge['points']): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  let text = `M${first.x} ${first.y}`;
  let before = first;
  for (const point of rest) {
    const middle = (before.x + point.x) / 2;
    text += `C${middle} ${before.y} ${middle} ${point.y} ${point.x} ${point.y}`;
    before = point;
  }
  return text;
}

function head(points: PlacedEdge['points']): string {
  const tip = points.at(-1);
  if (tip === undefined) return '';
  return `M${tip.x - 7} ${tip.y - 4}L${tip.x} ${tip.y}L${tip.x - 7} ${tip.y + 4}z`;
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
