import { useMemo } from 'preact/hooks';
import { address, changed, href } from '../address/address.js';
import { count, counted, duration, share } from '../parts/format.js';
import { hueClass } from '../parts/hue.js';
import { ServiceLink, Time } from '../parts/links.js';
import { Mark } from '../parts/mark.js';
import { chartsHref, equals } from './span-detail.js';
import { criticalParts, type TraceModel } from './trace-model.js';

interface TraceHeadProps {
  readonly model: TraceModel;
  readonly folded: ReadonlySet<string>;
  readonly onFold: (service: string) => void;
}

/** What the trace was, how long it took, and where its time went. */
export function TraceHead({ model, folded, onFold }: TraceHeadProps) {
  const { view, failures } = model;
  const { root, services, spans, logs, startMs, durationMs, traceId } = view;
  const isCompared = address.value.params.has('compare');
  return (
    <header class="trace-head">
      <div class="page-head trace-title">
        <h1>
          {root?.isFailed && <Mark state="fail" label="failed" />}
          <span class="cut">{root?.name ?? `Trace ${traceId.slice(0, 8)}…`}</span>
        </h1>
        {root !== undefined && <ServiceLink service={root.service} />}
        {root !== undefined && root.http > 0 && (
          <span class={root.http >= 500 ? 'is-fail' : undefined}>{root.http}</span>
        )}
        <b class="trace-total">{duration(durationMs)}</b>
        <span class="quiet">
          {counted(spans.length, 'span')} · {counted(services.length, 'service')} ·{' '}
          {counted(logs.length, 'line')} · <Time ms={startMs} hasMillis />
          {failures > 0 && (
            <>
              {' · '}
              <span class="is-fail">{count(failures)} failed</span>
            </>
          )}
        </span>
        <span class="grow" />
        <div class="trace-actions">
          {root !== undefined && (
            <a class="button" href={chartsHref(root.service, startMs, durationMs)}>
              Charts
            </a>
          )}
          {root !== undefined && (
            <a class="button" href={changed({ compare: isCompared ? undefined : 'typical' })}>
              {isCompared ? 'End comparison' : 'Compare'}
            </a>
          )}
          <a class="button" href={href('/logs', { q: equals('trace', traceId) })}>
            Logs
          </a>
          <a class="button" href={`/api/otlp/${traceId}`} download={`trace-${traceId}.json`}>
            Export
          </a>
        </div>
      </div>
      <Critical model={model} />
      <ul class="pills" aria-label="services of the trace">
        {services.map(({ service, spans: own }) => (
          <li key={service}>
            <button
              type="button"
              class={`pill ${hueClass(service)}`}
              aria-pressed={folded.has(service)}
              title={
                folded.has(service)
                  ? `Show all spans of ${service}`
                  : `Fold ${service}: show only the spans by which it is entered`
              }
              onClick={() => onFold(service)}
            >
              <span>{service}</span> <span class="quiet">{count(own)}</span>
              {folded.has(service) && <span class="quiet">folded</span>}
            </button>
          </li>
        ))}
      </ul>
      <Notes model={model} />
    </header>
  );
}

function Critical({ model }: { readonly model: TraceModel }) {
  const { totalMs, parts } = useMemo(() => criticalParts(model), [model]);
  if (totalMs === 0) return null;
  const isOfMany = new Set(parts.map(({ service }) => service)).size > 1;
  return (
    <p class="critical">
      <span class="quiet">critical path</span> {duration(totalMs)}
      <span class="quiet">:</span>{' '}
      {parts.map(({ service, title, share: own, spans, spanId }, index) => (
        <span key={spanId}>
          {index > 0 && <span class="quiet">, </span>}
          <a class={`critical-part ${hueClass(service)}`} href={changed({ span: spanId })} title={service}>
            {title}
          </a>
          {isOfMany && <span class="quiet"> of {service}</span>}
          {spans > 1 && <span class="quiet"> in {count(spans)} spans</span>} {share(own)}
        </span>
      ))}
    </p>
  );
}

/** What is not as it seems: parents that are missing, clocks that differ. */
function Notes({ model }: { readonly model: TraceModel }) {
  const { orphans, skews, root } = model.view;
  const missing = model.tops.filter(({ kind }) => kind === 'missing').length;
  return (
    <>
      {orphans > 0 && (
        <p class="trace-note is-warn">
          <Mark state="warn" label="partial" />
          <span>
            Part of this trace is not held: {counted(orphans, 'span names', 'spans name')}{' '}
            {counted(missing, 'parent')} that did not come, came late, or made room for newer ones. They are
            shown under the place of their parent.{' '}
            <a class="link" href={href('/doctor')}>
              why
            </a>
          </span>
        </p>
      )}
      {skews.length > 0 && (
        <p class="trace-note quiet">
          Clocks differ:{' '}
          {skews
            .map(
              ({ from, to, offsetMs }) =>
                `${to} is ${duration(Math.abs(offsetMs))} ${offsetMs > 0 ? 'ahead of' : 'behind'} ${from}`,
            )
            .join(', ')}
          . The drawing has it taken out.
        </p>
      )}
      {root === undefined && model.nodes.length === 0 && (
        <p class="trace-note is-warn">
          <Mark state="warn" label="partial" />
          <span>
            Only log lines of this trace are held; its spans did not come, or made room for newer ones.
          </span>
        </p>
      )}
    </>
  );
}
