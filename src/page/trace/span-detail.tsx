import type { ComponentChildren } from 'preact';
import { address, href } from '../address/address.js';
import type { LogRow } from '../data/answers.js';
import { useQuestion } from '../data/question.js';
import { termText } from '../filter/filter-text.js';
import { CopyButton, Failure } from '../parts/empty.js';
import { duration, share } from '../parts/format.js';
import { hueClass } from '../parts/hue.js';
import { ServiceLink, TraceLink } from '../parts/links.js';
import { Mark } from '../parts/mark.js';
import { Scroller } from '../parts/scroller.js';
import type { Span, SpanNode, TraceModel } from './trace-model.js';

type Detail = Pick<Span, 'attributes' | 'statusMessage' | 'events' | 'links' | 'resource' | 'scope'>;
type Values = Readonly<Record<string, unknown>>;

const around = 5 * 60_000;

export const equals = (field: string, value: string): string =>
  termText({ field, operator: '=', value, problem: undefined });

/** Traces with a span like that. */
export function likeHref({ service, name }: Pick<Span, 'service' | 'name'>): string {
  return href('/traces', { q: `${equals('service', service)} ${equals('name', name)}` });
}

/** The charts of a service at the time of a trace. */
export function chartsHref(service: string, startMs: number, durationMs: number, route?: string): string {
  return href(`/services/${encodeURIComponent(service)}`, {
    window: undefined,
    paused: undefined,
    from: Math.floor(startMs - around),
    to: Math.ceil(startMs + durationMs + around),
    route,
  });
}

/** All of one span: what it carries, where it leads to. */
export function SpanDetailView({
  node,
  model,
  onLog,
  onClose,
}: {
  readonly node: SpanNode;
  readonly model: TraceModel;
  readonly onLog: (line: LogRow) => void;
  readonly onClose: () => void;
}) {
  const { span, logs } = node;
  const { traceId, startMs, durationMs } = model.view;
  const { data, error, isOld, refresh } = useQuestion<Detail>(
    `traces/${traceId}/${span.spanId}`,
    {},
    { everyMs: 0 },
  );
  const detail = isOld.value ? undefined : data.value;
  const skew = model.corrections.get(span.service);
  const link = `${location.origin}${address.value.path}?span=${span.spanId}`;
  return (
    <aside class={`detail ${hueClass(span.service)}`} aria-label="the chosen span">
      <header class="detail-head">
        <div class="row">
          <ServiceLink service={span.service} />
          <span class="quiet">{span.kind}</span>
          <span class="grow" />
          <CopyButton text={link} label="copy link" />
          <button type="button" class="icon" aria-label="close the span" onClick={onClose}>
            ×
          </button>
        </div>
        <h2>{span.name}</h2>
        <div class="detail-links">
          <a class="link" href={likeHref(span)}>
            traces like this
          </a>
          <a
            class="link"
            href={chartsHref(
              span.service,
              startMs,
              durationMs,
              span.kind === 'server' ? span.route || undefined : undefined,
            )}
          >
            charts at that time
          </a>
          <a
            class="link"
            href={href('/logs', { q: `${equals('span', span.spanId)} ${equals('trace', traceId)}` })}
          >
            its log lines
          </a>
        </div>
      </header>
      <dl class="detail-facts">
        <Fact name="total">{duration(span.durationMs)}</Fact>
        <Fact name="self">{duration(span.selfMs)}</Fact>
        <Fact name="critical">
          {span.criticalMs > 0
            ? `${duration(span.criticalMs)}, ${share(span.criticalMs / Math.max(durationMs, 0.001))}`
            : 'no part'}
        </Fact>
        <Fact name="begins at">{duration(span.offsetMs)}</Fact>
        {span.http > 0 && (
          <Fact name="status">
            <a
              class={span.http >= 500 ? 'link is-fail' : 'link'}
              href={href('/traces', { q: equals('status', String(span.http)) })}
            >
              {span.http}
            </a>
          </Fact>
        )}
        {skew !== undefined && (
          <Fact name="clock">
            {duration(Math.abs(skew))} {skew > 0 ? 'ahead' : 'behind'}, corrected
          </Fact>
        )}
      </dl>
      {span.isFailed && (
        <p class="detail-fail">
          <Mark state="fail" label="failed" />
          <span>{detail?.statusMessage || 'failed'}</span>
        </p>
      )}
      {error.value !== undefined && <Failure text={error.value} retry={refresh} />}
      {logs.length > 0 && (
        <Section title="Log lines" count={logs.length}>
          <ul class="detail-logs">
            {logs.slice(0, 50).map((line, index) => (
              <li key={index}>
                <button type="button" class="detail-log" onClick={() => onLog(line)}>
                  <span class={`level level-${line.level}`}>{line.level}</span>
                  <span class="mono">{line.body}</span>
                </button>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {detail !== undefined && <Carried detail={detail} span={span} />}
    </aside>
  );
}

function Carried({ detail, span }: { readonly detail: Detail; readonly span: Span }) {
  const { attributes = {}, events = [], links = [], resource = {}, scope } = detail;
  return (
    <>
      <Section title="Attributes" count={Object.keys(attributes).length}>
        <ValuesTable values={attributes} isFilter />
      </Section>
      {events.length > 0 && (
        <Section title="Events" count={events.length}>
          {events.map(({ name, timeMs, attributes: own }, index) => (
            <div key={index} class="event">
              <div class="row">
                <b>{name}</b>
                <span class="quiet">{duration(Math.max(0, timeMs - span.startMs))} after the span began</span>
              </div>
              <ValuesTable values={own} />
            </div>
          ))}
        </Section>
      )}
      {links.length > 0 && (
        <Section title="Links" count={links.length}>
          {links.map(({ traceId, spanId, attributes: own }) => (
            <div key={`${traceId}${spanId}`} class="event">
              <TraceLink traceId={traceId} spanId={spanId} text={`${traceId.slice(0, 8)}… span ${spanId}`} />
              <ValuesTable values={own} />
            </div>
          ))}
        </Section>
      )}
      <Section title="Resource" count={Object.keys(resource).length}>
        <ValuesTable values={resource} isFilter />
      </Section>
      <Section title="Ids">
        <ValuesTable
          values={{
            trace: span.traceId,
            span: span.spanId,
            ...(span.parentId === '' ? {} : { parent: span.parentId }),
            ...(scope === undefined || scope.name === '' ? {} : { scope: `${scope.name} ${scope.version}` }),
          }}
        />
      </Section>
    </>
  );
}

function Section({
  title,
  count,
  children,
}: {
  readonly title: string;
  readonly count?: number;
  readonly children: ComponentChildren;
}) {
  if (count === 0) return null;
  return (
    <section class="detail-section">
      <h3>
        {title} {count !== undefined && <span class="quiet">{count}</span>}
      </h3>
      {children}
    </section>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Names and values, each to copy and, of a span or its resource, each a filter. */
export function ValuesTable({
  values,
  isFilter = false,
  path = '/traces',
}: {
  readonly values: Values;
  readonly isFilter?: boolean;
  readonly path?: string;
}) {
  const names = Object.keys(values).sort();
  if (names.length === 0) return null;
  return (
    <table class="values">
      <tbody>
        {names.map((name) => {
          const value = values[name];
          const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
          return (
            <tr key={name}>
              <th scope="row" title={name}>
                {name}
              </th>
              <td>
                {text.includes('\n') ? (
                  <Scroller as="pre">{text}</Scroller>
                ) : isFilter ? (
                  <a href={href(path, { q: equals(`attr.${name}`, text) })} title={`with ${name} = ${text}`}>
                    {text}
                  </a>
                ) : (
                  text
                )}
              </td>
              <td class="values-copy">
                <CopyButton text={text} />
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
