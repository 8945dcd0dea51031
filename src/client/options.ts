import { types } from 'node:util';
import { type BreakerConfig, type BreakerOptions, resolveBreaker } from '../breaker/options.js';
import { reject } from '../core/check.js';
import { parseHostPort } from '../core/host-port.js';

/** The circuit breakers of all upstreams: common options, and those of single ones. */
export interface UpstreamBreakerOptions extends BreakerOptions {
  /** By `host` or `host:port`, the latter before the former: what differs from the common options, or false for no breaker. */
  readonly upstreams?: Readonly<Record<string, BreakerOptions | false>>;
}

/** Finds the options of the breaker of an upstream, named `host:port`; false for none. */
export interface BreakerConfigOf {
  (upstream: string): BreakerConfig | false;
  /** True where calls to some upstream are repeated. */
  readonly mayRepeat: boolean;
}

/** Undefined where no upstream has a breaker. */
export function resolveBreakers(given: false | UpstreamBreakerOptions): BreakerConfigOf | undefined {
  if (given === false) return undefined;
  const { upstreams = {}, ...common } = given;
  const base = resolveBreaker(common);
  if (typeof upstreams !== 'object' || upstreams === null || Array.isArray(upstreams)) {
    reject('breaker.upstreams', 'an object by host or host:port', upstreams);
  }
  const own = new Map<string, BreakerConfig | false>();
  for (const [name, options] of Object.entries(upstreams)) {
    const path = `breaker.upstreams['${name}']`;
    own.set(name.toLowerCase(), options === false ? false : resolveBreaker({ ...common, ...options }, path));
  }
  const mayRepeat = [base, ...own.values()].some((config) => config !== false && config.retry !== undefined);
  if (own.size === 0) return Object.assign(() => base, { mayRepeat });
  const find = (upstream: string) => {
    const exact = own.get(upstream);
    if (exact !== undefined) return exact;
    const host = parseHostPort(upstream)?.host;
    return (host === undefined ? undefined : own.get(host)) ?? base;
  };
  return Object.assign(find, { mayRepeat });
}

// An IPv6 address has brackets where a port follows.
const hostPort = /^(?:\[[\da-f:.]+\](?::\d{1,5})?|[^\s:/*[\]]+(?::\d{1,5})?|[\da-f]*(?::[\da-f.]*){2,})$/i;
const domain = /^\*(?:\.[^\s:/*[\].]+)+$/;

/** Hosts that get trace context and baggage: `host`, `host:port`, `*.domain`, or a regular expression on `host:port`. */
export type PropagateTo = readonly (string | RegExp)[];

/** True for every host where the option is left out. */
export function resolvePropagateTo(given: PropagateTo | undefined): (host: string, port: number) => boolean {
  if (given === undefined) return () => true;
  if (!Array.isArray(given)) reject('propagateTo', 'an array of hosts and regular expressions', given);
  const exact = new Set<string>();
  const suffixes: string[] = [];
  const expressions: RegExp[] = [];
  for (const [index, rule] of given.entries()) {
    if (types.isRegExp(rule)) expressions.push(new RegExp(rule.source, rule.flags.replace(/[gy]/g, '')));
    else if (typeof rule === 'string' && domain.test(rule)) suffixes.push(rule.slice(1).toLowerCase());
    else if (typeof rule === 'string' && hostPort.test(rule))
      exact.add(rule.toLowerCase().replace(/[[\]]/g, ''));
    else reject(`propagateTo[${index}]`, 'a host, host:port, *.domain or a regular expression', rule);
  }
  return (host, port) => {
    const name = `${host}:${port}`;
    return (
      exact.has(host) ||
      exact.has(name) ||
      suffixes.some((suffix) => host.endsWith(suffix)) ||
      expressions.some((rule) => rule.test(name))
    );
  };
}
