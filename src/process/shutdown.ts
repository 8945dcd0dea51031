import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import type { Timers } from '../core/timers.js';
import { atMost } from '../health/timers.js';
import { Drain } from './drain.js';
import { runInReverse } from './hooks.js';
import type { ShutdownConfig } from './shutdown-options.js';
import { planOf, type ShutdownPlan, type Trigger } from './shutdown-plan.js';
import type { Traffic } from './traffic.js';

/** The parts of a service that end with it; none of these throws. */
interface Ending {
  /** In the same tick as the signal: readiness says no. */
  draining(trigger: Trigger): void;
  /** When nothing is under way any more: lets go of everything but the telemetry that waits. */
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

export interface ShutdownEnd {
  /** 0; 1 if something was cut off or a hook failed. */
  readonly code: 0 | 1;
}

/**
 * The end of one service, step by step: not ready, a delay while it serves on, no new connections, the last requests, hooks, and the
 * telemetry last. It happens once, however often and from wherever it is asked for.
 * @see health.md, section 6
 */
export class Shutdown {
  readonly #parts: ShutdownParts;
  #trigger: Trigger | undefined;
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

  /** Begins, or joins what has begun; a crash cuts it short. Readiness has changed when this returns. Never rejects. */
  begin(trigger: Trigger): Promise<ShutdownEnd> {
    if (this.#end === undefined) {
      this.#trigger = trigger;
      this.#end = this.#start(trigger);
    } else if (trigger.kind === 'crash') {
      this.#hurry(trigger);
    } else if (trigger.kind === 'signal' && this.#trigger?.kind === 'call') {
      // The application's own handler of this very signal came first: it is the signal all the same.
      this.#trigger = trigger;
    }
    return this.#end;
  }

  #start(trigger: Trigger): Promise<ShutdownEnd> {
    const { clock, traffic, ending, config } = this.#parts;
    this.#startedAt = clock.now();
    ending.draining(trigger);
    traffic.askToClose();
    const hasHooks = config.onDrain.length > 0 || config.onShutdown.length > 0;
    // Nothing to wait for: whoever does not wait for the promise either can go on in the same tick.
    const plan = planOf(config, trigger);
    const hasToWait = traffic.isListening || traffic.inFlight > 0 || (plan.delayMs > 0 && traffic.mayListen);
    return hasHooks || hasToWait ? this.#run() : this.#finish(plan);
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
    this.#say(`accepting no new connections; ${traffic.inFlight} requests under way`);
    this.#drain = new Drain({ ...this.#parts, hooks: isCrash ? [] : config.onDrain, onFailure });
    const { cut, failed } = await this.#drain.run(drainMs);
    if (cut > 0) onFailure(`${cut} requests and connections had not ended in time and were cut off`);
    this.#failed += cut + failed;
    // After a crash nobody knows what state the application is in.
    if (!this.#isCrash) {
      const { clock, timers } = this.#parts;
      const hooks = config.onShutdown;
      this.#failed += await runInReverse(hooks, hooksMs, () => clock.now(), { timers, onFailure });
    }
    return this.#finish(plan);
  }

  #finish({ flushMs }: ShutdownPlan): Promise<ShutdownEnd> {
    const { clock, timers, ending } = this.#parts;
    ending.close();
    return atMost(timers, flushMs, ending.flush(flushMs)).then(() => {
      this.#say(`done after ${seconds(clock.now() - this.#startedAt)}`);
      return { code: this.#failed > 0 || this.#isCrash ? 1 : 0 };
    });
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

  /** What the application does itself, it need not be told. */
  #say(phase: string): void {
    if (this.#current.kind !== 'call') this.#parts.log.info(`shutdown: ${phase}`);
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 10) / 100} s`;
}
