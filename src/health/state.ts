import type { Clock } from '../core/clock.js';

/** Where the service is in its life. `unready` is the application's own wish (markNotReady); a failing check does not change the state. */
export type HealthState = 'starting' | 'ready' | 'unready' | 'draining' | 'closed';

export interface StateChange {
  readonly from: HealthState;
  readonly to: HealthState;
  readonly reason: string | undefined;
}

/** starting → ready ⇄ unready → draining → closed, kept in memory. Only forward, but for ready ⇄ unready. */
export class Lifecycle {
  readonly #clock: Clock;
  readonly #onChange: (change: StateChange) => void;
  #state: HealthState = 'starting';
  #sinceEpochMs: number;
  #hasStarted = false;
  #notReady: { readonly reason: string | undefined } | undefined;
  #dead: { readonly reason: string | undefined } | undefined;

  constructor(clock: Clock, onChange: (change: StateChange) => void = () => {}) {
    this.#clock = clock;
    this.#onChange = onChange;
    this.#sinceEpochMs = clock.epochMs();
  }

  get state(): HealthState {
    return this.#state;
  }

  get sinceEpochMs(): number {
    return this.#sinceEpochMs;
  }

  /** True from the end of the start-up on, also while draining. */
  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  get isDead(): boolean {
    return this.#dead !== undefined;
  }

  get deadReason(): string | undefined {
    return this.#dead?.reason;
  }

  /** Why the application does not want traffic, while it does not. */
  get notReadyReason(): string | undefined {
    return this.#notReady?.reason;
  }

  /** The start-up is over: listening, tasks done, critical checks known. */
  started(): void {
    if (this.#state !== 'starting') return;
    this.#hasStarted = true;
    this.#move(this.#notReady === undefined ? 'ready' : 'unready');
  }

  /** Takes back {@link markNotReady}; during the start-up it shortens nothing. */
  markReady(): void {
    this.#notReady = undefined;
    if (this.#state === 'unready') this.#move('ready');
  }

  /** Asks for no traffic, until {@link markReady}. */
  markNotReady(reason?: string): void {
    this.#notReady = { reason };
    if (this.#state === 'ready') this.#move('unready');
  }

  /** Declares that only a restart helps: live answers 503 from now on. */
  markDead(reason?: string): void {
    this.#dead ??= { reason };
  }

  drain(): void {
    if (this.#state !== 'closed' && this.#state !== 'draining') this.#move('draining');
  }

  close(): void {
    if (this.#state !== 'closed') this.#move('closed');
  }

  #move(to: HealthState): void {
    const from = this.#state;
    this.#state = to;
    this.#sinceEpochMs = this.#clock.epochMs();
    this.#onChange({ from, to, reason: this.#notReady?.reason });
  }
}
