import type { BreakerConfig } from './options.js';
import type { IssuedPermit } from './permit.js';
import type { Open } from './state.js';

/**
 * A circuit that is being tried: `probes` results decide, whenever they come. A probe that does not return in time makes place for
 * another; its own result counts all the same, for an upstream may be slower than any lease.
 */
export class HalfOpen {
  readonly kind = 'half-open';
  readonly openedAt: number;
  readonly probes: number;
  readonly #leaseMs: number;
  // The probes under way that hold a place, oldest first: never more than `probes`.
  readonly #leases = new Set<IssuedPermit>();

  constructor({ openedAt, until }: Open, { leaseMs, openMs, timeoutMs = 0, probes }: BreakerConfig) {
    this.openedAt = openedAt;
    this.probes = probes;
    // A short Retry-After must not make for a short lease.
    this.#leaseMs = leaseMs ?? Math.max(until - openedAt, openMs, timeoutMs);
  }

  /** Whether there is a place left when `decided` probes have a result. Frees those whose lease has run out. */
  hasPlace(now: number, decided: number): boolean {
    for (const permit of this.#leases) {
      if (now - permit.startedAt < this.#leaseMs) break;
      this.#leases.delete(permit);
    }
    return this.#leases.size + decided < this.probes;
  }

  lease(permit: IssuedPermit): void {
    this.#leases.add(permit);
  }

  giveBack(permit: IssuedPermit): void {
    this.#leases.delete(permit);
  }
}
