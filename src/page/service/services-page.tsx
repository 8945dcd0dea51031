import { address, setParams } from '../address/address.js';
import { windowParams } from '../address/time-window.js';
import type { AlertsAnswer, Rows, ServicesAnswer, SignalRow } from '../data/answers.js';
import { useQuestion } from '../data/question.js';
import { ServiceRows } from '../overview/service-rows.js';
import { firingOf } from '../overview/state-of.js';
import { Answered, Empty } from '../parts/empty.js';
import { counted } from '../parts/format.js';
import { routeHref, ServiceLink } from '../parts/links.js';
import { NothingYet } from '../parts/nothing-yet.js';
import { RED_COLUMNS } from '../parts/red-columns.js';
import { type Column, Table } from '../parts/table.js';

const columns: readonly Column<SignalRow>[] = [
  {
    id: 'route',
    title: 'Route',
    by: ({ name }) => name,
    cell: ({ service, name }) => <a href={routeHref(service, name)}>{name}</a>,
  },
  {
    id: 'service',
    title: 'service',
    width: 220,
    by: ({ service }) => service,
    cell: ({ service }) => <ServiceLink service={service} />,
  },
  ...RED_COLUMNS,
];

/** All services, and all their routes in one table. */
export function ServicesPage() {
  const services = useQuestion<ServicesAnswer>('services', windowParams.value);
  const routes = useQuestion<Rows<SignalRow>>('routes', windowParams.value);
  const alerts = useQuestion<AlertsAnswer>('alerts', {}, { isOfAlerts: true, isTimeless: true });
  const text = address.value.params.get('q') ?? '';
  const matches = (name: string) => name.toLowerCase().includes(text.toLowerCase());
  return (
    <div class="page">
      <div class="page-head">
        <h1>Services</h1>
        <input
          class="input"
          type="search"
          aria-label="narrow services and routes"
          placeholder="Narrow by name"
          value={text}
          onInput={(event) => setParams({ q: event.currentTarget.value }, true)}
        />
      </div>
      <Answered of={services}>
        {({ services: rows }) =>
          rows.length === 0 ? (
            <NothingYet />
          ) : (
            <ServiceRows
              services={rows.filter(({ service }) => matches(service))}
              firing={firingOf(alerts.data.value?.alerts ?? [])}
              limit={100}
            />
          )
        }
      </Answered>
      <Answered of={routes}>
        {({ rows }) => {
          const shown = rows.filter(({ service, name }) => matches(`${service} ${name}`));
          return (
            <section class="section section-below">
              <div class="section-head">
                <h2>Routes</h2>
                <span class="quiet">{counted(shown.length, 'route')}</span>
              </div>
              {rows.length === 0 ? (
                <Empty title="No request was answered within this time">
                  <p>Choose a longer time, or send a request to one of the services.</p>
                </Empty>
              ) : (
                <Table
                  name="routes"
                  label="routes of all services"
                  rows={shown}
                  columns={columns}
                  keyOf={({ service, name }) => `${service} ${name}`}
                  order="-rate"
                  limit={40}
                />
              )}
            </section>
          );
        }}
      </Answered>
    </div>
  );
}
