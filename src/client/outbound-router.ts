import type { Context } from '@opentelemetry/api';
import { REQUEST_KEY } from '../context/request-context.js';
import type { Outbound } from './outbound.js';

/** Finds the service that a call belongs to: that of the request being served, else the first one of the process. */
export class OutboundRouter {
  readonly #byOwner = new Map<object, Outbound>();
  #first: Outbound | undefined;
  /** True once a service was added that repeats calls. */
  mayRepeat = false;

  /** `owner` is what the service's requests name as theirs. */
  add(owner: object, outbound: Outbound): void {
    this.#byOwner.set(owner, outbound);
    this.#first ??= outbound;
    this.mayRepeat ||= outbound.mayRepeat;
  }

  remove(owner: object): void {
    const outbound = this.#byOwner.get(owner);
    this.#byOwner.delete(owner);
    if (this.#first === outbound) this.#first = this.#byOwner.values().next().value;
  }

  outboundFor(context: Context): Outbound | undefined {
    if (this.#byOwner.size < 2) return this.#first;
    const request = context.getValue(REQUEST_KEY) as { readonly owner?: object } | undefined;
    return (request?.owner === undefined ? undefined : this.#byOwner.get(request.owner)) ?? this.#first;
  }
}
