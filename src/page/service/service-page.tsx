import { address } from '../address/address.js';
import { windowParams } from '../address/time-window.js';
import type { AlertsAnswer, ServiceRow, ServicesAnswer } from '../data/answers.js';
import { nowMs } from '../data/clock.js';
import { useQuestion } from '../data/question.js';
import type { PageProps } from '../frame/pages.js';
import { AlertRows } from '../overview/alert-rows.js';
import { SaturationCell } from '../overview/saturation-cell.js';
import { firingOf, stateOfService } from '../overview/state-of.js';
import { Empty } from '../parts/empty.js';
import { counted, duration, rate, share } from '../parts/format.js';
import { routeHref, ServiceName, serviceHref } from '../parts/links.js';
import { Mark } from '../parts/mark.js';
import { NothingYet } from '../parts/nothing-yet.js';
import { BreakerCards } from './breaker-cards.js';
import { ServiceCharts } from './service-charts.js';
import { Calls, Databases, LatestLogs, Routes, WorstTraces } from './service-tables.js';

/** RED above, USE below, and the tables that lead on. */
export function ServicePage({ id: service }: PageProps) {
  const services = useQuestion<ServicesAnswer>('services', windowParams.value, { everyMs: 4_000 });
  const alerts = useQuestion<AlertsAnswer>('alerts', {}, { isOfAlerts: true, isTimeless: true });
  const route = address.value.params.get('route') ?? '';
  const firing = firingOf(alerts.data.value?.alerts ?? []).filter((alert) => alert.service === service);
  const row = services.data.value?.services.find((one) => one.service === service);
  if (services.data.value !== undefined && row === undefined)
    return (
      <div class="page">
        <Empty title={`The console knows no service ${service}`} />
        <NothingYet />
      </div>
    );
  return (
    <div class="page">
      <div class="page-head">
        <h1>
          {row !== undefined && <Mark state={stateOfService(row, firing, nowMs.value)} />}
          <ServiceName service={service} />
        </h1>
        {route !== '' && (
          <span class="route-chip">
            <span class="mono">{route}</span>
            <a href={serviceHref(service)} aria-label="all routes">
              ✕
            </a>
          </span>
        )}
        {row !== undefined && <Summary of={row} />}
      </div>
      <AlertRows alerts={firing} />
      <ServiceCharts service={service} route={route} />
      <Routes service={service} route={route} />
      <Calls service={service} />
      <BreakerCards service={service} />
      <Databases service={service} />
      <div class="pair">
        <WorstTraces service={service} route={route} isFailed={false} />
        <WorstTraces service={service} route={route} isFailed />
      </div>
      <LatestLogs service={service} />
    </div>
  );
}

function Summary({ of }: { readonly of: ServiceRow }) {
  const running = of.instances.filter(({ hasEnded }) => !hasEnded);
  const versions = [...new Set(running.map(({ version }) => version).filter((version) => version !== ''))];
  return (
    <>
      <span class="quiet">
        {counted(running.length, 'instance')}
        {versions.length > 0 && ` · version ${versions.join(', ')}`}
        {of.source === 'metrics' && ' · numbers of its metrics, as its spans are a sample'}
      </span>
      <span class="grow" />
      <span class="figures">
        <a href={routeHref(of.service, '')}>{rate(of.rate)}</a>
        <span class={(of.errorRatio ?? 0) > 0.01 ? 'is-fail' : undefined}>{share(of.errorRatio)} errors</span>
        <span>p99 {duration(of.p99)}</span>
        <SaturationCell of={of.saturation[0]} />
      </span>
    </>
  );
}
