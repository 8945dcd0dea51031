import { href } from '../address/address.js';
import { nowMs } from '../data/clock.js';
import { absolute, age, clock, shortId } from './format.js';
import { hueClass } from './hue.js';

export function serviceHref(service: string): string {
  return href(`/services/${encodeURIComponent(service)}`);
}

/** The page of a route is that of its service, narrowed to it. */
export function routeHref(service: string, route: string): string {
  return href(`/services/${encodeURIComponent(service)}`, { route });
}

export function traceHref(traceId: string, spanId?: string): string {
  return href(`/traces/${traceId}`, { span: spanId });
}

export function ServiceLink({ service }: { readonly service: string }) {
  return (
    <a class={`service ${hueClass(service)}`} href={serviceHref(service)} title={service}>
      <span>{service}</span>
    </a>
  );
}

/** The name of a service with its hue, where a link would lead to where one is. */
export function ServiceName({ service }: { readonly service: string }) {
  return (
    <span class={`service ${hueClass(service)}`}>
      <span>{service}</span>
    </span>
  );
}

export function TraceLink({
  traceId,
  spanId,
  text,
}: {
  readonly traceId: string;
  readonly spanId?: string | undefined;
  readonly text?: string;
}) {
  return (
    <a class="link mono" href={traceHref(traceId, spanId)} title={`trace ${traceId}`}>
      {text ?? shortId(traceId)}
    </a>
  );
}

/** A time of day; the whole of it on hover. */
export function Time({ ms, hasMillis = false }: { readonly ms: number; readonly hasMillis?: boolean }) {
  return (
    <time dateTime={new Date(ms).toISOString()} title={absolute(ms)} class="nowrap">
      {clock(ms, hasMillis)}
    </time>
  );
}

/** How long ago something was; goes on by itself. */
export function Ago({ ms }: { readonly ms: number }) {
  return (
    <time dateTime={new Date(ms).toISOString()} title={absolute(ms)} class="nowrap">
      {age(nowMs.value - ms)}
    </time>
  );
}
