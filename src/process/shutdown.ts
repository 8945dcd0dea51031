import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import { atMost, type Timers } from '../core/timers.js';
import { Drain } from './drain.js';
import { runInReverse } from './hooks.js';
import type { ShutdownConfig } from './shutdown-options.js';
import { planOf, type ShutdownPlan, type Trigger } from './shutdown-plan.js';
import type { Traffic } from './traffic.js';

/** The parts of a service that end with it; none of these throws. */
interface Ending {
  /** In the same tick as the signal: readiness fails from now on. */
  draining(trigger: Trigger): void;
  /** Sends what waits, beginning in this tick, and goes on as before. Never rejects. */
  send(boundMs: number): Promise<unknown>;
  /** When nothing is under way any more: releases everything but the telemetry that waits. */
  close(): void;
  /** The very last: sends what waits, and gives up what is left in time to be done after `boundMs`. Never rejects. */
  flush(boundMs: number): Promise<unknown>;
}

export interface ShutdownParts {
  readonly config: ShutdownConfig;
  readonly clock: Clock;
  /** Timers that keep the process alive: what is under way has to be seen to its end. */
  readonly timers: Timers;
  readonly log: Log;
  readonly traffic: Traffic;
  readonly ending: Ending;
}

/** How long the export of what waits at the beginning of the end may take, while the rest continues. */
const sendMs = 1_000;

export interface ShutdownEnd {
  /** 0; 1 if something was cut off or a hook failed. */
  readonly code: 0 | 1;
}

/**
 * The end of one service, step by step: not ready, a delay while it serves on, no new connections, the last requests, hooks, and the
 * telemetry last. It happens once, however often and from wherever it is asked for.
 */
export class Shutdown {
  readonly #parts: ShutdownParts;
  #trigger: Trigger | undefined;
  #isClosed = false;
  #end: Promise<ShutdownEnd> | undefined;
  #startedAt = 0;
  #endDelay: (() => void) | undefined;
  #drain: Drain | undefined;
  #failed = 0;

  constructor(parts: ShutdownParts) {
    this.#parts = parts;
  }

  get config(): ShutdownConfig {
    return this.#parts.config;
  }

  get hasBegun(): boolean {
    return this.#end !== undefined;
  }

  /** Whether it serves requests or has shutdown hooks. */
  get hasWork(): boolean {
    const { config, traffic } = this.#parts;
    const { onDrain, onShutdown } = config;
    return traffic.mayListen || traffic.inFlight > 0 || onDrain.length > 0 || onShutdown.length > 0;
  }

  /** Sends what waits, beginning in this tick; the process stays alive for it, and the service goes on. */
  send(): Promise<void> {
    const { timers, ending } = this.#parts;
    return atMost(timers, sendMs, ending.send(sendMs));
  }

  /** Begins, or joins what has begun; a crash cuts it short. Readiness has changed when this returns. Never rejects. */
  begin(trigger: Trigger): Promise<ShutdownEnd> {
    if (this.#end === undefined) {
      this.#trigger = trigger;
      this.#end = this.#start(trigger);
    } else if (trigger.kind === 'call' && this.#trigger?.kind === 'signal' && this.#trigger.isBeside) {
      // The application's own handler leaves the end to us after all.
      this.#trigger = { ...this.#trigger, isBeside: false };
      this.#end = this.#end.then((end) => this.#close().then(() => end));
    } else if (trigger.kind === 'crash') {
      this.#hurry(trigger);
    } else if (trigger.kind === 'signal' && this.#trigger?.kind === 'call') {
      // The application's own handler of this very signal came first: it is the signal all the same.
      this.#trigger = { ...trigger, isBeside: false };
    }
    return this.#end;
  }

  #start(trigger: Trigger): Promise<ShutdownEnd> {
    const { clock, traffic, ending, config } = this.#parts;
    this.#startedAt = clock.now();
    ending.draining(trigger);
    traffic.askToClose();
    const hasHooks = config.onDrain.length > 0 || config.onShutdown.length > 0;
    // Nothing to wait for: a caller that does not await the promise can go on in the same tick.
    const plan = planOf(config, trigger);
    const hasToWait = traffic.isListening || traffic.inFlight > 0 || (plan.delayMs > 0 && traffic.mayListen);
    if (!hasHooks && !hasToWait && !this.#isLeftOpen) return this.#finish(plan);
    // Others may end the process before we do, a handler of the application's own or what has sent the signal.
    const sent = this.send();
    if (trigger.kind === 'signal' && trigger.isBeside) traffic.holdClose(sent);
    return this.#run();
  }

  async #run(): Promise<ShutdownEnd> {
    // Every listener of the same signal has been called by then.
    await undefined;
    const { config, log, traffic } = this.#parts;
    const plan = planOf(config, this.#current);
    if (plan.delayMs > 0 && traffic.mayListen) {
      this.#say(`not ready any more; serving on for ${seconds(plan.delayMs)}, so that balancers notice`);
      await this.#delay(plan.delayMs);
    }
    // A crash meanwhile has cut the delay short.
    const isCrash = this.#isCrash;
    const { drainMs, hooksMs } = isCrash ? planOf(config, this.#current) : plan;
    const onFailure = (reason: string) => log.warn(`shutdown: ${reason}`);
    this.#say(`accepting no new connections; ${traffic.inFlight} requests under way${this.#cure}`);
    this.#drain = new Drain({ ...this.#parts, hooks: isCrash ? [] : config.onDrain, onFailure });
    const { cut, failed } = await this.#drain.run(drainMs);
    if (cut > 0) onFailure(`${cut} requests and connections had not ended in time and were cut off`);
    this.#failed += cut + failed;
    // After a crash the state of the application is unknown.
    if (!this.#isCrash) {
      const { clock, timers } = this.#parts;
      const hooks = config.onShutdown;
      this.#failed += await runInReverse(hooks, hooksMs, () => clock.now(), { timers, onFailure });
    }
    return this.#finish(plan);
  }

  #finish({ flushMs }: ShutdownPlan): Promise<ShutdownEnd> {
    const { clock, timers, ending } = this.#parts;
    const last = this.#isLeftOpen ? atMost(timers, flushMs, ending.send(flushMs)) : this.#close();
    return last.then(() => {
      this.#say(`done after ${seconds(clock.now() - this.#startedAt)}`);
      return { code: this.#failed > 0 || this.#isCrash ? 1 : 0 };
    });
  }

  async #close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { config, timers, ending } = this.#parts;
    const { flushMs } = planOf(config, this.#current);
    ending.close();
    await atMost(timers, flushMs, ending.flush(flushMs));
  }

  /** What the application's own handler does yet is recorded, and sent at the end of the process. */
  get #isLeftOpen(): boolean {
    const trigger = this.#current;
    return trigger.kind === 'signal' && trigger.isBeside && this.#parts.config.exit !== true;
  }

  get #cure(): string {
    const trigger = this.#current;
    return trigger.kind === 'signal' && trigger.isFromTerminal ? '; a second Ctrl-C ends it at once' : '';
  }

  get #isCrash(): boolean {
    return this.#current.kind === 'crash';
  }

  get #current(): Trigger {
    return this.#trigger ?? { kind: 'call' };
  }

  #delay(delayMs: number): Promise<void> {
    const { timers } = this.#parts;
    return new Promise((resolve) => {
      const timer = timers.set(resolve, delayMs);
      this.#endDelay = () => {
        timers.clear(timer);
        resolve();
      };
    });
  }

  #hurry(trigger: Trigger): void {
    this.#trigger = trigger;
    this.#endDelay?.();
    this.#drain?.hurry(planOf(this.#parts.config, trigger).drainMs);
  }

  /** No line for a shutdown that the application began itself. */
  #say(phase: string): void {
    if (this.#current.kind !== 'call') this.#parts.log.info(`shutdown: ${phase}`);
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 10) / 100} s`;
}
