import { href } from '../address/address.js';
import type { LogRow } from '../data/answers.js';
import { CopyButton } from '../parts/empty.js';
import { absolute, count } from '../parts/format.js';
import { hueClass } from '../parts/hue.js';
import { ServiceLink, Time, TraceLink, traceHref } from '../parts/links.js';
import { Scroller } from '../parts/scroller.js';
import { equals, ValuesTable } from '../trace/span-detail.js';
import { fieldsOf } from '../trace/trace-logs.js';
import type { LogRun } from './log-runs.js';

export const LINE_HEIGHT = 26;

/** A line, or lines alike, in a row. */
export function LogLine({
  run: { line, lines },
  id,
  isOpen,
  isChosen,
  onOpen,
}: {
  readonly run: LogRun;
  readonly id: string;
  readonly isOpen: boolean;
  readonly isChosen: boolean;
  readonly onOpen: () => void;
}) {
  const isRun = lines.length > 1;
  const { timeMs, level, service, body, template, traceId, spanId } = line;
  return (
    <div
      id={id}
      role="listitem"
      class={`log-line level-row-${level} ${hueClass(service)}${isChosen ? ' is-chosen' : ''}`}
    >
      <button type="button" class="log-text" aria-expanded={isRun ? isOpen : isChosen} onClick={onOpen}>
        <Time ms={timeMs} hasMillis />
        <span class={`level level-${level}`}>{level}</span>
        <span class="service">
          <span>{service}</span>
        </span>
        <span class="mono cut log-body">
          {isRun && (
            <span class="bubble">
              {isOpen ? '▾' : '▸'} {count(lines.length)} ×
            </span>
          )}{' '}
          {isRun ? template : body} <span class="quiet">{isRun ? '' : fieldsOf(line)}</span>
        </span>
      </button>
      {traceId !== '' && !isRun ? (
        <a
          class="link mono log-trace"
          href={traceHref(traceId, spanId || undefined)}
          title={`trace ${traceId}`}
        >
          {traceId.slice(0, 8)}…
        </a>
      ) : (
        <span class="log-trace" />
      )}
    </div>
  );
}

/** All of one line. */
export function LogDetail({ line, onClose }: { readonly line: LogRow; readonly onClose: () => void }) {
  const { timeMs, level, severity, service, body, template, attributes, traceId, spanId } = line;
  return (
    <aside class={`detail ${hueClass(service)}`} aria-label="the chosen line">
      <header class="detail-head">
        <div class="row">
          <ServiceLink service={service} />
          <span class={`level level-${level}`}>{level}</span>
          <span class="grow" />
          <CopyButton text={JSON.stringify(line, undefined, 2)} label="copy as JSON" />
          <button type="button" class="icon" aria-label="close the line" onClick={onClose}>
            ×
          </button>
        </div>
        <Scroller as="pre" class="log-whole">
          {body}
        </Scroller>
        <div class="detail-links">
          {traceId !== '' && <TraceLink traceId={traceId} spanId={spanId || undefined} text="its trace" />}
          {traceId !== '' && (
            <a class="link" href={href('/logs', { q: equals('trace', traceId) })}>
              lines of the trace
            </a>
          )}
          <a
            class="link"
            href={href('/logs', { q: `${equals('service', service)} ${equals('template', template)}` })}
          >
            lines like this
          </a>
        </div>
      </header>
      <section class="detail-section">
        <h2>Fields</h2>
        <ValuesTable values={attributes} isFilter path="/logs" />
        {Object.keys(attributes).length === 0 && <p class="quiet">This line has no fields.</p>}
      </section>
      <section class="detail-section">
        <h2>Line</h2>
        <ValuesTable
          values={{
            time: absolute(timeMs),
            severity,
            ...(traceId === '' ? {} : { trace: traceId }),
            ...(spanId === '' ? {} : { span: spanId }),
          }}
        />
      </section>
    </aside>
  );
}
