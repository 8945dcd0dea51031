import { useState } from 'preact/hooks';
import { href } from '../address/address.js';
import { windowParams } from '../address/time-window.js';
import type { MapAnswer, MapEdge } from '../data/answers.js';
import { useQuestion } from '../data/question.js';
import { Answered, Empty } from '../parts/empty.js';
import { counted, duration, rate, share } from '../parts/format.js';
import { ServiceLink } from '../parts/links.js';
import { Mark } from '../parts/mark.js';
import { NothingYet } from '../parts/nothing-yet.js';
import { type Column, Table } from '../parts/table.js';
import { edgeKey, MapDrawing } from './map-drawing.js';

const failing = 0.01;

/** The map, and its edges as a list; small without the list. */
export function MapSection({ isSmall = false }: { readonly isSmall?: boolean }) {
  const map = useQuestion<MapAnswer>('map', windowParams.value, { everyMs: 3_000 });
  const [chosen, choose] = useState<string>();
  return (
    <Answered of={map}>
      {(of) => {
        if (of.nodes.length === 0) return isSmall ? null : <NoMap />;
        const services = of.nodes.filter(({ kind }) => kind === 'service').length;
        return (
          <>
            <section class={`section map-section ${isSmall ? 'is-small' : ''}`} aria-label="map">
              <div class="section-head">
                {isSmall && (
                  <h2>
                    <a href={href('/map')}>Map</a>
                  </h2>
                )}
                <span class="quiet">
                  {counted(services, 'service')} · {counted(of.nodes.length - services, 'other')} ·{' '}
                  {counted(of.edges.length, 'edge')}
                </span>
              </div>
              <MapDrawing of={of} chosen={chosen} onChoose={choose} />
            </section>
            {!isSmall && (
              <section class="section">
                <div class="section-head">
                  <h2>Calls</h2>
                </div>
                <EdgeRows edges={of.edges} chosen={chosen} />
              </section>
            )}
          </>
        );
      }}
    </Answered>
  );
}

function NoMap() {
  return (
    <>
      <Empty title="Nothing was called within this time" />
      <NothingYet />
    </>
  );
}

function EdgeRows({
  edges,
  chosen,
}: {
  readonly edges: readonly MapEdge[];
  readonly chosen: string | undefined;
}) {
  const columns: readonly Column<MapEdge>[] = [
    {
      id: 'from',
      title: 'Caller',
      by: ({ from }) => from,
      cell: ({ from }) => <ServiceLink service={from} />,
    },
    {
      id: 'to',
      title: 'calls',
      by: ({ to }) => to,
      cell: ({ to, target }) => (
        <span class="row">
          <ServiceLink service={to} />
          {target !== to && <span class="quiet mono cut">{target}</span>}
        </span>
      ),
    },
    {
      id: 'rate',
      title: 'rate',
      isNumber: true,
      width: 96,
      by: (edge) => edge.rate,
      cell: (edge) => rate(edge.rate),
    },
    {
      id: 'errors',
      title: 'errors',
      isNumber: true,
      width: 88,
      by: (edge) => edge.errorRatio,
      cell: (edge) => (
        <span class={(edge.errorRatio ?? 0) > failing ? 'is-fail' : undefined}>{share(edge.errorRatio)}</span>
      ),
    },
    {
      id: 'p50',
      title: 'p50',
      isNumber: true,
      width: 88,
      by: (edge) => edge.p50,
      cell: (edge) => duration(edge.p50),
    },
    {
      id: 'p99',
      title: 'p99',
      isNumber: true,
      width: 88,
      by: (edge) => edge.p99,
      cell: (edge) => duration(edge.p99),
    },
    {
      id: 'breaker',
      title: 'circuit',
      width: 112,
      by: (edge) => edge.breaker,
      cell: ({ breaker }) =>
        breaker === undefined ? (
          ''
        ) : (
          <span class="row is-open">
            <Mark state="open" label="circuit" />
            {breaker}
          </span>
        ),
    },
    {
      id: 'traces',
      title: 'traces',
      width: 72,
      cell: ({ slowest }) =>
        slowest === undefined ? (
          ''
        ) : (
          <a class="link" href={href(`/traces/${slowest}`)}>
            slowest
          </a>
        ),
    },
  ];
  return (
    <Table
      name="edges"
      label="calls between services"
      rows={edges}
      columns={columns}
      keyOf={(edge) => `${edge.from} ${edge.to} ${edge.target}`}
      order="-rate"
      limit={50}
      isChosen={(edge) => edgeKey(edge) === chosen}
    />
  );
}
