import type { Context } from '@opentelemetry/api';
import { REQUEST_KEY } from './request-context.js';

/** Finds the service that something of this process belongs to: that of the request being served, else the first one. */
export class ServiceRouter<T> {
  readonly #byOwner = new Map<object, T>();
  #first: T | undefined;

  /** `owner` is what the service's requests name as theirs. */
  add(owner: object, service: T): void {
    this.#byOwner.set(owner, service);
    this.#first ??= service;
  }

  remove(owner: object): void {
    const service = this.#byOwner.get(owner);
    this.#byOwner.delete(owner);
    if (this.#first === service) this.#first = this.#byOwner.values().next().value;
  }

  get size(): number {
    return this.#byOwner.size;
  }

  serviceFor(context: Context): T | undefined {
    if (this.#byOwner.size < 2) return this.#first;
    const request = context.getValue(REQUEST_KEY) as { readonly owner?: object } | undefined;
    return (request?.owner === undefined ? undefined : this.#byOwner.get(request.owner)) ?? this.#first;
  }
}
