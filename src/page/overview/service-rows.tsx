import { address, setParams } from '../address/address.js';
import { windowParams } from '../address/time-window.js';
import type { AlertView, Rows, ServiceRow, SignalRow } from '../data/answers.js';
import { nowMs } from '../data/clock.js';
import { useQuestion } from '../data/question.js';
import { age, duration, rate, share } from '../parts/format.js';
import { Ago, routeHref, ServiceLink } from '../parts/links.js';
import { Mark, type State } from '../parts/mark.js';
import { FAILING, MIDDLE_QUANTILES } from '../parts/red-columns.js';
import { Sparkline } from '../parts/sparkline.js';
import { type Column, Table } from '../parts/table.js';
import { SaturationCell } from './saturation-cell.js';
import { lastBeat, stateOfBeat, stateOfService } from './state-of.js';

interface ServiceRowsProps {
  readonly services: readonly ServiceRow[];
  readonly firing: readonly AlertView[];
  readonly limit?: number;
}

const worst: Readonly<Record<State, number>> = { fail: 4, warn: 3, open: 2, fine: 1, off: 0 };

/** Every service with its golden signals; a row opens to its routes and instances. */
export function ServiceRows({ services, firing, limit = 60 }: ServiceRowsProps) {
  const now = nowMs.value;
  const open = new Set((address.value.params.get('open') ?? '').split(',').filter((name) => name !== ''));
  const toggle = (service: string) => {
    const next = new Set(open);
    if (!next.delete(service)) next.add(service);
    setParams({ open: [...next].join(',') }, true);
  };
  const stateOf = (row: ServiceRow) => stateOfService(row, firing, now);
  const columns: readonly Column<ServiceRow>[] = [
    {
      id: 'service',
      title: 'Service',
      by: (row) => row.service,
      cell: (row) => (
        <span class="row">
          <button
            type="button"
            class="twist"
            aria-expanded={open.has(row.service)}
            aria-label={`routes and instances of ${row.service}`}
            onClick={() => toggle(row.service)}
          >
            ▸
          </button>
          <Mark state={stateOf(row)} />
          <ServiceLink service={row.service} />
        </span>
      ),
    },
    {
      id: 'state',
      title: 'inst',
      hint: 'instances that run',
      isNumber: true,
      width: 56,
      by: (row) => worst[stateOf(row)],
      cell: (row) => row.instances.filter(({ hasEnded }) => !hasEnded).length,
    },
    {
      id: 'rate',
      title: 'rate',
      isNumber: true,
      width: 152,
      by: (row) => row.rate,
      cell: (row) => (
        <span class="cell-spark">
          <Sparkline values={row.spark.rate.slice(0, -1)} label="rate over time" />
          <b>{rate(row.rate)}</b>
        </span>
      ),
    },
    {
      id: 'errors',
      title: 'errors',
      isNumber: true,
      width: 144,
      by: (row) => row.errorRatio,
      cell: (row) => (
        <span class="cell-spark">
          <Sparkline
            values={row.spark.errorRatio}
            top={FAILING}
            isFailing={(row.errorRatio ?? 0) > FAILING}
            label="share of errors over time"
          />
          <b class={(row.errorRatio ?? 0) > FAILING ? 'is-fail' : undefined}>{share(row.errorRatio)}</b>
        </span>
      ),
    },
    ...MIDDLE_QUANTILES,
    {
      id: 'p99',
      title: 'p99',
      isNumber: true,
      width: 152,
      by: (row) => row.p99,
      cell: (row) => (
        <span class="cell-spark">
          <Sparkline values={row.spark.p99} label="p99 over time" />
          <b>{duration(row.p99)}</b>
        </span>
      ),
    },
    {
      id: 'saturation',
      title: 'saturation',
      hint: 'what is used up most: a pool, the event loop, CPU or memory',
      width: 184,
      by: (row) => row.saturation[0]?.ratio,
      cell: (row) => (row.saturation.length === 0 ? '' : <SaturationCell of={row.saturation[0]} />),
    },
    {
      id: 'upstreams',
      title: 'upstreams',
      hint: 'circuit breakers of what it calls',
      width: 104,
      by: (row) => row.breakers.filter(({ state }) => state !== 'closed').length,
      cell: (row) => (row.breakers.length === 0 ? '' : <Upstreams of={row.breakers} />),
    },
    {
      id: 'beat',
      title: 'beat',
      hint: 'the latest heartbeat',
      width: 72,
      by: (row) => lastBeat(row.instances)?.beatMs,
      cell: (row) => (lastBeat(row.instances) === undefined ? '' : <Beat row={row} now={now} />),
    },
  ];
  return (
    <Table
      name="services"
      label="services"
      rows={services}
      columns={columns}
      keyOf={(row) => row.service}
      order="-state"
      limit={limit}
      under={(row) => (open.has(row.service) ? <Opened row={row} columns={columns.length} /> : undefined)}
    />
  );
}

function Upstreams({ of }: { readonly of: ServiceRow['breakers'] }) {
  const open = of.filter(({ state }) => state !== 'closed').length;
  const title = of.map(({ name, state }) => `${name}: ${state}`).join('\n');
  return (
    <span class="row" title={title}>
      <Mark state={open > 0 ? 'open' : 'fine'} label={open > 0 ? 'circuit open' : 'circuits closed'} />
      {open > 0 ? `${open} of ${of.length}` : of.length}
    </span>
  );
}

function Beat({ row, now }: { readonly row: ServiceRow; readonly now: number }) {
  const beat = lastBeat(row.instances);
  if (beat?.beatMs == null) return null;
  const state = stateOfBeat(beat, now);
  return (
    <span class={state === 'warn' ? 'row is-warn' : 'row'}>
      <Mark state={state} label={state === 'warn' ? 'late' : 'in time'} />
      <Ago ms={beat.beatMs} />
    </span>
  );
}

/** The routes of a service in the columns of the services, and its instances. */
function Opened({ row, columns }: { readonly row: ServiceRow; readonly columns: number }) {
  const { service } = row;
  const { data } = useQuestion<Rows<SignalRow>>('routes', { service, ...windowParams.value });
  const most = 12;
  const routes = data.value?.rows ?? [];
  return (
    <>
      {routes.slice(0, most).map((route) => (
        <tr key={route.name} class="sub">
          <td>
            <a class="sub-name" href={routeHref(service, route.name)}>
              {route.name}
            </a>
          </td>
          <td class="is-empty" />
          <td class="number" data-label="rate">
            {rate(route.rate)}
          </td>
          <td class={`number ${(route.errorRatio ?? 0) > FAILING ? 'is-fail' : ''}`} data-label="errors">
            {share(route.errorRatio)}
          </td>
          <td class="number" data-label="p50">
            {duration(route.p50)}
          </td>
          <td class="number" data-label="p95">
            {duration(route.p95)}
          </td>
          <td class="number" data-label="p99">
            {duration(route.p99)}
          </td>
          <td class="is-empty" colSpan={columns - 7} />
        </tr>
      ))}
      {routes.length > most && (
        <tr class="sub">
          <td colSpan={columns}>
            <a class="sub-name link" href={routeHref(service, '')}>
              {routes.length - most} further routes
            </a>
          </td>
        </tr>
      )}
      {row.instances.map((instance) => (
        <tr key={instance.instance} class="sub is-instance">
          <td>
            <span class="sub-name row">
              <Mark
                state={stateOfBeat(instance, nowMs.value)}
                label={instance.hasEnded ? 'has ended' : 'instance'}
              />
              <span class="mono cut">{instance.instance}</span>
            </span>
          </td>
          <td colSpan={columns - 1} class="is-wide quiet">
            {describe(instance)}
          </td>
        </tr>
      ))}
    </>
  );
}

function describe({ version, attributes, hasEnded, probes }: ServiceRow['instances'][number]): string {
  const started = attributes['process.creation.time'];
  const parts = [
    version === '' ? 'no version' : `version ${version}`,
    typeof started === 'string' ? `up ${age(nowMs.value - Date.parse(started))}` : '',
    attributes['process.pid'] === undefined ? '' : `pid ${String(attributes['process.pid'])}`,
    ...probes.map(({ name, state }) => `${name} ${state}`),
    hasEnded ? 'has ended' : '',
  ];
  return parts.filter((part) => part !== '').join(' · ');
}
