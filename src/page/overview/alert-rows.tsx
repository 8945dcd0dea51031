import { href } from '../address/address.js';
import type { AlertView } from '../data/answers.js';
import { nowMs } from '../data/clock.js';
import { absolute, counted, share, span } from '../parts/format.js';
import { hueClass } from '../parts/hue.js';
import { ServiceLink, TraceLink, traceHref } from '../parts/links.js';
import { Mark } from '../parts/mark.js';
import { stateOfAlert } from './state-of.js';

const mostShown = 6;

/** What fires, a row each: what it is, since when, where the time goes, and the ways to it. */
export function AlertRows({ alerts }: { readonly alerts: readonly AlertView[] }) {
  if (alerts.length === 0) return null;
  return (
    <section class="alert-rows" aria-label="alerts that fire" aria-live="polite">
      {alerts.slice(0, mostShown).map((alert) => (
        <AlertRow key={alert.id} alert={alert} />
      ))}
      {alerts.length > mostShown && (
        <a class="alert-more link" href={href('/alerts')}>
          {counted(alerts.length - mostShown, 'further alert')}
        </a>
      )}
    </section>
  );
}

function AlertRow({ alert }: { readonly alert: AlertView }) {
  const { id, name, service, summary, firedAtMs, evidence } = alert;
  const state = stateOfAlert(alert);
  const worst = evidence?.traces[0];
  const bottleneck = evidence?.bottleneck;
  const log = evidence?.firstError;
  return (
    <div class={`alert-row is-${state}`}>
      <Mark state={state} />
      <a class="alert-name" href={href('/alerts', { alert: id })}>
        {name}
      </a>
      <span class="alert-service">{service !== '' && <ServiceLink service={service} />}</span>
      <span class="alert-summary cut" title={summary}>
        {withoutService(summary, service)}
      </span>
      <span class="quiet nowrap" title={firedAtMs === null ? undefined : absolute(firedAtMs)}>
        {firedAtMs !== null && `for ${span(Math.max(0, nowMs.value - firedAtMs))}`}
      </span>
      <span class="alert-cause cut">
        {bottleneck !== undefined && (
          <span
            title={`${bottleneck.name} of ${bottleneck.service}, in ${bottleneck.traces} of ${bottleneck.of} traces`}
          >
            <b>{share(bottleneck.share)}</b> in{' '}
            <span class={`hue-tick ${hueClass(bottleneck.service)}`}>
              <span class="mono">{bottleneck.name}</span>
            </span>
          </span>
        )}
      </span>
      <span class="alert-ways">
        {worst !== undefined && (
          <TraceLink traceId={worst.traceId} spanId={worst.spanId} text="worst trace" />
        )}
        {log !== undefined && log.traceId !== '' && (
          <a class="link mono" href={`${traceHref(log.traceId, log.spanId)}#logs`} title={log.body}>
            log line
          </a>
        )}
      </span>
    </div>
  );
}

/** Summaries begin with the service, which has a place of its own in a row. */
function withoutService(summary: string, service: string): string {
  const rest = summary.startsWith(`${service} `) ? summary.slice(service.length + 1) : summary;
  return rest.replace(/^[:–-] */, '');
}
