import type { Catalog } from '../store/catalog.js';

/** Something that happened to a service. */
export interface Happening {
  readonly timeMs: number;
  /** `restart`: in place of an instance that is gone; `deploy`: of a version that was not there before; else `start`. */
  readonly kind: 'start' | 'restart' | 'deploy';
  readonly service: string;
  readonly instance: string;
  readonly version: string;
}

interface Start {
  readonly resource: number;
  readonly timeMs: number;
  readonly isNewVersion: boolean;
}

const maxStarts = 1_000;
const maxKnown = 10_000;
/** An instance that has sent nothing for so long is gone, in milliseconds. */
const goneMs = 15_000;

/** When processes were seen for the first time, and what that means for their services. */
export class Starts {
  readonly #catalog: Catalog;
  readonly #starts: Start[] = [];
  readonly #instances = new Set<string>();
  readonly #versions = new Map<number, Set<string>>();

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** A resource has been seen for the first time. The same instance may come with further attributes: that is no start. */
  add(resource: number, timeMs: number): void {
    const { service, instance, version } = this.#catalog.resource(resource);
    const key = JSON.stringify([service, instance]);
    if (instance !== '' && this.#instances.has(key)) return;
    if (this.#instances.size < maxKnown) this.#instances.add(key);
    const versions = this.#versions.get(service) ?? new Set();
    this.#versions.set(service, versions);
    this.#starts.push({ resource, timeMs, isNewVersion: versions.size > 0 && !versions.has(version) });
    if (versions.size < maxKnown) versions.add(version);
    if (this.#starts.length > maxStarts) this.#starts.shift();
  }

  /** Oldest first. */
  all(nowMs: number): Happening[] {
    const catalog = this.#catalog;
    const taken = new Set<number>();
    return this.#starts.map(({ resource, timeMs, isNewVersion }) => {
      const { service, serviceName, instance, version } = catalog.resource(resource);
      // Another one of the service that had ended by then, and in whose place none has come yet.
      const before = this.#starts.find(
        (one) =>
          one.timeMs < timeMs &&
          !taken.has(one.resource) &&
          catalog.resource(one.resource).service === service &&
          catalog.seen(one.resource).lastMs < timeMs &&
          nowMs - catalog.seen(one.resource).lastMs > goneMs,
      );
      if (before !== undefined) taken.add(before.resource);
      const kind = isNewVersion ? 'deploy' : before === undefined ? 'start' : 'restart';
      return { timeMs, kind, service: serviceName, instance, version };
    });
  }
}
