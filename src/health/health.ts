import type { Clock } from '../core/clock.js';
import type { Faults } from '../core/faults.js';
import type { Random } from '../core/random.js';
import { atMost, type Timers } from '../core/timers.js';
import type { CheckFunction, CheckOptions } from './check-options.js';
import type { CheckEvents, Isolate } from './check-reading.js';
import { type CheckFilter, Checks } from './checks.js';
import { contributed, type EntryProvider, entryOf, type NamedEntry } from './entry.js';
import type { ProbeTarget } from './match.js';
import type { HealthConfig } from './options.js';
import { type Probe, type Verdict, verdictOf } from './probe.js';
import {
  createReport,
  detailBody,
  notesOf,
  publicBody,
  type Report,
  type ServiceIdentity,
} from './report.js';
import { type ProbeRequest, type ProbeResponse, probeResponse } from './response.js';
import { StartupTasks, type TaskEnd } from './startup.js';
import { type HealthState, Lifecycle, type StateChange } from './state.js';
import { type Status, weighed, worseOf } from './status.js';

export interface HealthEvents extends CheckEvents {
  readonly onState?: (change: StateChange) => void;
  readonly onTask?: (end: TaskEnd) => void;
}

export interface HealthDeps {
  readonly config: HealthConfig;
  readonly identity: ServiceIdentity;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly faults: Pick<Faults, 'caught'>;
  readonly events: HealthEvents;
  readonly isolate: Isolate;
}

/** How long a probe waits for a check that has never answered, or for one that is run on demand: below the kubelet's 1 s. */
const probeWaitMs = 800;

/** The health of one service: its life, its checks, what others contribute, and the answers to probes. */
export class Health {
  readonly #deps: HealthDeps;
  readonly #checks: Checks;
  readonly #lifecycle: Lifecycle;
  readonly #startup: StartupTasks;
  readonly #providers = new Set<EntryProvider>();
  #isListening = false;

  constructor(deps: HealthDeps) {
    const { config, events } = deps;
    this.#deps = deps;
    const onResult: CheckEvents['onResult'] = (result) => {
      this.#advance();
      events.onResult?.(result);
    };
    this.#checks = new Checks({ ...deps, events: { ...events, onResult } }, config.criticalGraceMs);
    this.#lifecycle = new Lifecycle(deps.clock, (change) => this.#notify(() => events.onState?.(change)));
    const onEnd = (end: TaskEnd) => {
      this.#advance();
      this.#notify(() => events.onTask?.(end));
    };
    this.#startup = new StartupTasks(config.startup, onEnd, deps.isolate);
    for (const [name, check] of Object.entries(config.checks)) this.#checks.add(name, check);
  }

  /** Begins the start-up tasks and the checks. */
  start(): void {
    this.#startup.start();
    this.#checks.start();
    this.#advance();
  }

  /** The server accepts connections, or the service has no server. */
  listening(): void {
    this.#isListening = true;
    this.#advance();
  }

  get state(): HealthState {
    return this.#lifecycle.state;
  }

  /** @throws GoldenSignalsError `ERR_GS_OPTION` for a wrong option, `ERR_GS_MISUSE` if the name is taken. */
  add(name: string, check: CheckFunction | CheckOptions): void {
    this.#checks.add(name, check);
  }

  remove(name: string): boolean {
    const isRemoved = this.#checks.remove(name);
    this.#advance();
    return isRemoved;
  }

  /** Adds a source of entries; the function returned takes it away again. */
  contribute(provider: EntryProvider): () => void {
    this.#providers.add(provider);
    return () => void this.#providers.delete(provider);
  }

  markReady(): void {
    this.#lifecycle.markReady();
  }

  markNotReady(reason?: string): void {
    this.#lifecycle.markNotReady(reason);
  }

  markDead(reason?: string): void {
    this.#lifecycle.markDead(reason);
  }

  /** ready and health answer 503 from this moment on; checks and start-up tasks stop. */
  drain(): void {
    this.#lifecycle.drain();
    this.#checks.stop();
    this.#startup.stop();
  }

  close(): void {
    this.drain();
    this.#lifecycle.close();
  }

  hasGroup(group: string): boolean {
    return this.#checks.hasGroup(group);
  }

  verdict({ probe, group }: ProbeTarget): Verdict {
    return this.#verdict(probe, probe === 'ready' || probe === 'health' ? this.#worst(group) : 'pass');
  }

  /** What each check counts for at this moment; `undefined` for one that has had no result. */
  *statuses(): Generator<readonly [name: string, status: Status | undefined]> {
    for (const { name, status } of this.#checks.read()) yield [name, status];
  }

  /** True once the service has begun to end. */
  get isDraining(): boolean {
    return this.state === 'draining' || this.state === 'closed';
  }

  /** The full report, for the owner of the service. */
  report(): Report {
    return this.#report({ probe: 'health', group: undefined });
  }

  /**
   * Answers a probe: at once and from memory, but for a check that has had no result yet or is run on demand; for that it waits at most
   * 800 ms. Never throws or rejects.
   */
  answer(
    target: ProbeTarget,
    request: ProbeRequest,
    showDetail: boolean,
  ): ProbeResponse | Promise<ProbeResponse> {
    const filter = this.#awaited(target);
    if (filter === undefined || this.#checks.isCurrent(filter))
      return this.#respond(target, request, showDetail);
    const current = this.#checks.whenCurrent(filter);
    return atMost(this.#deps.timers, probeWaitMs, current).then(() =>
      this.#respond(target, request, showDetail),
    );
  }

  #respond(target: ProbeTarget, request: ProbeRequest, showDetail: boolean): ProbeResponse {
    const verdict = this.verdict(target);
    const json = showDetail ? detailBody(verdict, () => this.#report(target)) : publicBody(verdict);
    return probeResponse(request, verdict, json, this.#deps.random);
  }

  // The checks that the answer hangs on; `undefined` if it is known without them.
  #awaited({ probe, group }: ProbeTarget): CheckFilter | undefined {
    const { hasStarted, isDead } = this.#lifecycle;
    if (probe === 'live' || isDead) return undefined;
    if (!hasStarted && !(this.#isListening && this.#startup.isDone)) return undefined;
    if (probe === 'startup' && hasStarted) return undefined;
    return { group, onlyCritical: probe !== 'health' };
  }

  #verdict(probe: Probe, worst: Status): Verdict {
    const { state, hasStarted, isDead } = this.#lifecycle;
    return verdictOf(probe, { state, hasStarted, isDead, worst });
  }

  #report({ probe, group }: ProbeTarget): Report {
    const entries = probe === 'live' ? [] : this.#checks.read({ group }).map(entryOf);
    if (probe !== 'live' && group === undefined)
      this.#contributed((entry) => entries.push(contributed(entry)));
    let worst: Status = 'pass';
    for (const [, { status }] of entries) worst = worseOf(worst, status);
    const notes = notesOf(this.#lifecycle, this.#startup);
    return createReport(this.#verdict(probe, worst), this.#deps.identity, notes, entries);
  }

  // Reads no text: a verdict is asked for far more often than a report.
  #worst(group: string | undefined): Status {
    let worst: Status = 'pass';
    for (const { status = 'warn' } of this.#checks.read({ group })) worst = worseOf(worst, status);
    if (group !== undefined) return worst;
    this.#contributed(([, { status, critical }]) => {
      worst = worseOf(worst, weighed(status, critical === true));
    });
    return worst;
  }

  #contributed(take: (entry: NamedEntry) => void): void {
    for (const provider of this.#providers) {
      this.#notify(() => {
        for (const entry of provider()) take(entry);
      });
    }
  }

  #advance(): void {
    if (!this.#isListening || this.state !== 'starting' || !this.#startup.isDone) return;
    if (this.#checks.hasFirstResults({ onlyCritical: true })) this.#lifecycle.started();
  }

  #notify(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#deps.faults.caught('health', error);
    }
  }
}
