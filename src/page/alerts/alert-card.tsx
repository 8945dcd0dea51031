import { useState } from 'preact/hooks';
import type { AlertView } from '../data/answers.js';
import { nowMs } from '../data/clock.js';
import { post } from '../data/question.js';
import { stateOfAlert } from '../overview/state-of.js';
import { CopyButton, Failure } from '../parts/empty.js';
import { absolute, counted, duration, share, span } from '../parts/format.js';
import { ServiceLink, ServiceName, Time, TraceLink, traceHref } from '../parts/links.js';
import { Mark } from '../parts/mark.js';
import { RuleChart } from './rule-chart.js';
import { alertThreshold, alertValue } from './value.js';

interface AlertCardProps {
  readonly alert: AlertView;
  readonly isOpen: boolean;
}

const shownTraces = 8;

/** An alert with its evidence. */
export function AlertCard({ alert, isOpen }: AlertCardProps) {
  // What is closed asks for nothing.
  const [isShown, setShown] = useState(isOpen);
  const { name, state, severity, service, summary, description, action, value, threshold } = alert;
  const sinceMs = alert.firedAtMs ?? alert.activeAtMs;
  const mark = stateOfAlert(alert);
  return (
    <details
      class={`alert-card is-${mark}`}
      open={isOpen}
      onToggle={(event) => setShown(event.currentTarget.open)}
    >
      <summary>
        <Mark state={mark} label={state} />
        <b>{name}</b>
        {service !== '' && <ServiceName service={service} />}
        <span class="cut grow">{summary}</span>
        <span class="quiet nowrap" title={absolute(sinceMs)}>
          {state} for {span(Math.max(0, (alert.resolvedAtMs ?? nowMs.value) - sinceMs))}
        </span>
      </summary>
      <div class="alert-body">
        <dl class="alert-facts">
          <div>
            <dt>now</dt>
            <dd>
              {alertValue(name, value)}
              {threshold !== undefined && (
                <span class="quiet"> against {alertThreshold(name, threshold)}</span>
              )}
            </dd>
          </div>
          <div>
            <dt>severity</dt>
            <dd>{severity === 'page' ? 'page: act now' : 'ticket: act within days'}</dd>
          </div>
          {service !== '' && (
            <div>
              <dt>service</dt>
              <dd>
                <ServiceLink service={service} />
              </dd>
            </div>
          )}
          <div>
            <dt>since</dt>
            <dd>
              <Time ms={sinceMs} />
            </dd>
          </div>
        </dl>
        {isShown && (
          <RuleChart
            ruleId={alert.ruleId}
            name={name}
            labels={alert.labels}
            fired={
              alert.firedAtMs === null ? undefined : { fromMs: alert.firedAtMs, toMs: alert.resolvedAtMs }
            }
          />
        )}
        <p class="prose">{description}</p>
        {action !== undefined && <p class="prose quiet">{action}</p>}
        <EvidenceOf alert={alert} />
        <div class="command">
          <code class="grow">{alert.expr}</code>
          <CopyButton text={alert.expr} label="copy PromQL" />
        </div>
      </div>
    </details>
  );
}

function EvidenceOf({ alert: { id, evidence } }: { readonly alert: AlertView }) {
  const [failure, setFailure] = useState<string>();
  if (evidence === null) return null;
  const { traces, bottleneck, firstError, frozenAtMs } = evidence;
  const dismiss = () => {
    post(`/api/alerts/${encodeURIComponent(id)}/dismiss`)
      .then(() => setFailure(undefined))
      .catch((error: unknown) => setFailure((error as Error).message));
  };
  return (
    <div class="evidence">
      <div class="section-head">
        <h2>Evidence</h2>
        <span class="quiet">
          {counted(traces.length, 'trace')}, kept at <Time ms={frozenAtMs} />
        </span>
        <span class="grow" />
        <button type="button" class="link" onClick={dismiss}>
          dismiss
        </button>
      </div>
      {failure !== undefined && <Failure text={failure} />}
      {bottleneck !== undefined && (
        <p class="cause">
          <b>{share(bottleneck.share)}</b> of the time goes into <span class="mono">{bottleneck.name}</span>{' '}
          of <ServiceLink service={bottleneck.service} />
          <span class="quiet">
            , what takes longest in {bottleneck.traces} of {counted(bottleneck.of, 'trace')}
          </span>
        </p>
      )}
      {firstError !== undefined && (
        <p class="cause">
          <span class={firstError.severity >= 17 ? 'is-fail' : 'is-warn'}>
            {firstError.level.toUpperCase()}
          </span>{' '}
          <Time ms={firstError.timeMs} hasMillis /> <span class="mono">{firstError.body}</span>{' '}
          {firstError.traceId !== '' && (
            <a class="link" href={`${traceHref(firstError.traceId, firstError.spanId)}#logs`}>
              to the line
            </a>
          )}
        </p>
      )}
      {traces.length > 0 && (
        <ol class="evidence-traces" aria-label="worst traces">
          {traces.slice(0, shownTraces).map(({ traceId, spanId, durationMs, isFailed, spans }) => (
            <li key={traceId}>
              <TraceLink traceId={traceId} spanId={spanId} />
              <span class="number">{duration(durationMs)}</span>
              <span class="quiet">{counted(spans, 'span')}</span>
              {isFailed && <Mark state="fail" label="has errors" />}
            </li>
          ))}
          {traces.length > shownTraces && <li class="quiet">{traces.length - shownTraces} more</li>}
        </ol>
      )}
    </div>
  );
}
