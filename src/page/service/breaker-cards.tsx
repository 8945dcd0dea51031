import { windowParams } from '../address/time-window.js';
import type { BreakerRow, Rows } from '../data/answers.js';
import { nowMs } from '../data/clock.js';
import { useQuestion } from '../data/question.js';
import { absolute, count, rate, share, span } from '../parts/format.js';
import { traceHref } from '../parts/links.js';
import { Mark } from '../parts/mark.js';

/** The circuits to what a service calls; one that has always been closed takes a line, another a card. */
export function BreakerCards({ service }: { readonly service: string }) {
  const breakers = useQuestion<Rows<BreakerRow>>(
    'breakers',
    { service, ...windowParams.value },
    { everyMs: 4_000 },
  );
  const rows = breakers.data.value?.rows ?? [];
  if (rows.length === 0) return null;
  const told = rows.filter(
    ({ state, tripped, changes }) => state !== 'closed' || tripped !== null || changes.length > 1,
  );
  const quiet = rows.length - told.length;
  return (
    <section class="section" aria-label="circuit breakers">
      <div class="section-head">
        <h2>Circuit breakers</h2>
        <span class="quiet">{quiet > 0 && `${quiet} closed since the console has known them`}</span>
      </div>
      <div class="breakers">
        {told.map((row) => (
          <BreakerCard key={`${row.instance} ${row.name}`} of={row} />
        ))}
      </div>
    </section>
  );
}

function BreakerCard({ of }: { readonly of: BreakerRow }) {
  const { name, state, sinceMs, calls, reasons, tripped, nextTryMs, rejectedPerS } = of;
  const isClosed = state === 'closed';
  // What the circuit itself turned away is said beside it.
  const failures = reasons.filter(({ reason }) => reason !== 'ERR_CIRCUIT_OPEN');
  return (
    <article class={`breaker ${isClosed ? '' : 'is-tripped'}`}>
      <div class="row">
        <Mark state={isClosed ? 'fine' : 'open'} label={state} />
        <b class="mono cut grow">{name}</b>
        <span class={isClosed ? 'quiet' : 'is-open'}>{state}</span>
      </div>
      <dl>
        <div>
          <dt>calls</dt>
          <dd>{rate(calls.rate)}</dd>
        </div>
        <div>
          <dt>failed</dt>
          <dd>{share(calls.errorRatio)}</dd>
        </div>
        <div>
          <dt>rejected</dt>
          <dd>{rate(rejectedPerS)}</dd>
        </div>
        <div>
          <dt>{isClosed ? 'closed for' : `${state} for`}</dt>
          <dd title={sinceMs === null ? undefined : absolute(sinceMs)}>
            {sinceMs === null ? '–' : span(Math.max(0, nowMs.value - sinceMs))}
          </dd>
        </div>
        {nextTryMs !== null && (
          <div>
            <dt>next try</dt>
            <dd title={absolute(nextTryMs)}>
              {nextTryMs > nowMs.value ? `in ${span(nextTryMs - nowMs.value)}` : 'now'}
            </dd>
          </div>
        )}
      </dl>
      {failures.length > 0 && (
        <p>
          <span class="quiet">failed by</span>{' '}
          {failures.map(({ reason, count: times }) => `${count(times)} × ${reason}`).join(', ')}
        </p>
      )}
      {tripped !== null && (
        <p>
          <span class="quiet">{whyOf(tripped)}:</span>{' '}
          <a class="link" href={traceHref(tripped.traceId, tripped.spanId)}>
            {tripped.isCertain ? 'the trace that tripped it' : 'the last failed call before it opened'}
          </a>
        </p>
      )}
    </article>
  );
}

/** What the circuit was opened for, in words. */
function whyOf(tripped: NonNullable<BreakerRow['tripped']>): string {
  const { why, calls, failures } = { calls: null, failures: null, ...tripped };
  return why === 'failure-ratio' && calls !== null && failures !== null
    ? `${count(failures)} of ${count(calls)} calls had failed`
    : (causes[why] ?? why);
}

const causes: Readonly<Record<string, string>> = {
  'failure-ratio': 'too many calls had failed',
  'slow-ratio': 'too many calls were slow',
  'retry-after': 'the upstream asked to be left alone',
  'probes-failed': 'the calls that tried it again failed',
  forced: 'it was opened by hand',
};
