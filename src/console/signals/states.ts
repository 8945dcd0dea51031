export type LaneKind = 'breaker' | 'probe' | 'process';

/** The states of one thing over time. */
export interface Lane {
  readonly kind: LaneKind;
  readonly resource: number;
  readonly name: string;
  /** Oldest first. */
  readonly changes: { readonly timeMs: number; readonly state: string }[];
  lastMs: number;
}

export interface Heartbeat {
  readonly resource: number;
  /** When the process last found itself alive, in milliseconds since the epoch. */
  beatMs: number;
  /** 0 once it has ended in order. */
  intervalMs: number;
}

const maxLanes = 2_000;
const maxChanges = 300;

/** State over time: breakers, probes and heartbeats. */
export class States {
  readonly #lanes = new Map<string, Lane>();
  readonly #heartbeats = new Map<number, Heartbeat>();

  set(kind: LaneKind, resource: number, name: string, timeMs: number, state: string): void {
    const key = JSON.stringify([kind, resource, name]);
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      if (this.#lanes.size >= maxLanes) this.#dropOldest();
      lane = { kind, resource, name, changes: [], lastMs: 0 };
      this.#lanes.set(key, lane);
    }
    if (timeMs < lane.lastMs) return;
    lane.lastMs = timeMs;
    if (lane.changes.at(-1)?.state === state) return;
    lane.changes.push({ timeMs, state });
    if (lane.changes.length > maxChanges) lane.changes.shift();
  }

  beat(resource: number, part: Partial<Pick<Heartbeat, 'beatMs' | 'intervalMs'>>): void {
    let heartbeat = this.#heartbeats.get(resource);
    if (heartbeat === undefined) {
      heartbeat = { resource, beatMs: 0, intervalMs: 0 };
      this.#heartbeats.set(resource, heartbeat);
      const [oldest] = this.#heartbeats.keys();
      if (this.#heartbeats.size > maxLanes && oldest !== undefined) this.#heartbeats.delete(oldest);
    }
    Object.assign(heartbeat, part);
  }

  lanes(): Iterable<Lane> {
    return this.#lanes.values();
  }

  heartbeats(): Iterable<Heartbeat> {
    return this.#heartbeats.values();
  }

  #dropOldest(): void {
    let oldest: string | undefined;
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const [key, { lastMs }] of this.#lanes) {
      if (lastMs >= oldestMs) continue;
      oldest = key;
      oldestMs = lastMs;
    }
    if (oldest !== undefined) this.#lanes.delete(oldest);
  }
}
