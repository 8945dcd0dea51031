import { inspect } from 'node:util';
import type { Clock } from '../core/clock.js';
import { takeOver } from '../core/take-over.js';
import type { Timers } from '../core/timers.js';
import type { Shutdown, ShutdownEnd } from './shutdown.js';
import { type Trigger, timesOf } from './shutdown-plan.js';
import { signalExitCount } from './signal-exit.js';

/** What of the process is used, so that a test can stand in for it. */
export type Host = Pick<
  NodeJS.Process,
  | 'pid'
  | 'on'
  | 'once'
  | 'prependListener'
  | 'removeListener'
  | 'listenerCount'
  | 'hasUncaughtExceptionCaptureCallback'
> & {
  kill(pid: number, signal?: string | number): true;
  exit(code: number): void;
  exitCode?: string | number | null | undefined;
};

export interface ProcessSignalsParts {
  readonly host: Host;
  readonly clock: Clock;
  /** Timers that keep the process alive, and timers that do not. */
  readonly holding: Timers;
  readonly background: Timers;
  /** Writes a line whatever the log level: it gives the reason why the process ends. */
  readonly write: (line: string) => void;
  readonly isTerminal: () => boolean;
  readonly platform: NodeJS.Platform;
}

const signalNumbers: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 2, SIGTERM: 15, SIGBREAK: 21 };
const crashDeadlineMs = 5_000;
/** What nodemon sends to what it starts anew. */
const restartSignal = 'SIGUSR2';
/**
 * A signal this soon after the first is its echo: a Ctrl-C goes to every process of the terminal, pm2, concurrently and some versions of
 * npm hand on what they get besides, and nodemon makes a SIGTERM, a SIGINT and another SIGINT of one SIGTERM. A hand is slower.
 */
const echoMs = 200;
/** nodemon starts a shell and `ps` between two of its signals, which takes longer while the machine builds. */
const watcherEchoMs = 1_000;

/** What is under way since the first signal. */
interface Ending {
  readonly signal: NodeJS.Signals;
  readonly services: readonly Shutdown[];
  readonly mode: 'auto' | true;
  readonly beganAt: number;
  readonly deadlineAt: number;
  readonly foreignGraceMs: number | undefined;
  /** No other listener handles the signal, or the others have finished. */
  isAlone: boolean;
  /** Another handler has raised the signal again, and no other listens any more: without us the process would end by it. */
  isRaised: boolean;
  timer: unknown;
  code: 0 | 1 | undefined;
}

/**
 * Handles signals and uncaught exceptions for all services of the process. Its listeners exist only while there is a service, and
 * handlers of the application take precedence.
 */
export class ProcessSignals {
  readonly #parts: ProcessSignalsParts;
  readonly #services = new Set<Shutdown>();
  readonly #signals: readonly NodeJS.Signals[];
  #leave: (() => void) | undefined;
  #ending: Ending | undefined;
  #isRaisedHere = false;
  #kill: Host['kill'] | undefined;
  #isCrashing = false;
  #isRestarting = false;

  constructor(parts: ProcessSignalsParts) {
    this.#parts = parts;
    // Windows cannot deliver a SIGTERM; it has Ctrl-Break.
    this.#signals = parts.platform === 'win32' ? ['SIGINT', 'SIGBREAK'] : ['SIGTERM', 'SIGINT'];
  }

  /** Ends this service, too, when the process ends; the function returned removes it. */
  add(service: Shutdown): () => void {
    this.#services.add(service);
    this.#install();
    return () => {
      this.#services.delete(service);
      if (this.#services.size === 0 && this.#ending === undefined && !this.#isCrashing) this.#uninstall();
    };
  }

  #install(): void {
    if (this.#leave !== undefined) return;
    const { host } = this.#parts;
    this.#leave = takeOver(host, 'signals', () => {
      this.#listen(host);
      return () => this.#unlisten(host);
    });
  }

  #listen(host: Host): void {
    // First of all: a listener that was added with once() is gone when it has been called, and could not be counted any more.
    for (const signal of this.#signals) host.prependListener(signal, this.#onSignal);
    if (this.#isWatched && this.#parts.platform !== 'win32')
      host.prependListener(restartSignal, this.#onRestart);
    host.on('uncaughtExceptionMonitor', this.#onUncaught);
  }

  #uninstall(): void {
    this.#leave?.();
    this.#leave = undefined;
  }

  #unlisten(host: Host): void {
    for (const signal of this.#signals) host.removeListener(signal, this.#onSignal);
    host.removeListener(restartSignal, this.#onRestart);
    host.removeListener('uncaughtExceptionMonitor', this.#onUncaught);
    if (this.#kill !== undefined) host.kill = this.#kill;
    this.#kill = undefined;
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (this.#ending !== undefined) this.#again(this.#ending, signal);
    else if (this.#services.size > 0) this.#first(signal);
  };

  #first(signal: NodeJS.Signals): void {
    const { host, clock, holding, isTerminal, write } = this.#parts;
    const services = [...this.#services];
    const configs = services.map(({ config }) => config);
    const isAlone = this.#isAloneFor(signal);
    const isOurs = configs.some(({ exit }) => exit === true) || services.some(({ hasWork }) => hasWork);
    if (!isAlone && !isOurs) {
      // A worker that finishes its job goes on, and its telemetry with it.
      for (const service of services) void service.send();
      return;
    }
    const isFromTerminal = signal === 'SIGINT' && isTerminal();
    const trigger: Trigger = { kind: 'signal', signal, isFromTerminal, isBeside: !isAlone };
    const ends = this.#begin(services, trigger);
    if (configs.some(({ exit }) => exit === false)) {
      // The end of the process is the application's: a second signal must find what it would find without us.
      this.#uninstall();
      void ends.then((code) => this.#setExitCode(code));
      return;
    }
    const budgetMs = Math.max(...configs.map((config) => timesOf(config, trigger).budgetMs));
    const graces = configs.flatMap(({ foreignGraceMs = [] }) => foreignGraceMs);
    const ending: Ending = {
      signal,
      services,
      mode: configs.some(({ exit }) => exit === true) ? true : 'auto',
      beganAt: clock.now(),
      deadlineAt: clock.now() + budgetMs,
      foreignGraceMs: graces.length > 0 ? Math.min(...graces) : undefined,
      isAlone,
      isRaised: false,
      timer: undefined,
      code: undefined,
    };
    this.#ending = ending;
    ending.timer = holding.set(() => {
      write(`golden-signals warn: shutdown: not done after ${budgetMs / 1_000} s, ending now`);
      host.exit(1);
    }, budgetMs);
    this.#watchKill();
    void ends.then((code) => this.#done(ending, code));
  }

  #again(ending: Ending, signal: NodeJS.Signals): void {
    const { host, clock, write } = this.#parts;
    if (this.#isRaisedHere) {
      // Another handler has done its work and raises the signal once more to end the process, as handlers do.
      this.#isRaisedHere = false;
      ending.isAlone = true;
      ending.isRaised = signal === ending.signal && this.#isAloneFor(signal);
      if (ending.code !== undefined) this.#closeAndExit(ending, ending.code);
      return;
    }
    if (clock.now() - ending.beganAt < (this.#isWatched ? watcherEchoMs : echoMs)) return;
    write(`golden-signals warn: shutdown: ${signal} again, ending at once`);
    host.exit(128 + (signalNumbers[signal] ?? 0));
  }

  #done(ending: Ending, code: 0 | 1): void {
    const { clock, holding, background, write } = this.#parts;
    ending.code = code;
    if (ending.isAlone || ending.mode === true) {
      this.#closeAndExit(ending, code);
      return;
    }
    this.#setExitCode(code);
    // What is left to do belongs to others, and keeps the process alive itself.
    holding.clear(ending.timer);
    const leftMs = Math.max(0, ending.deadlineAt - clock.now());
    const { foreignGraceMs = leftMs } = ending;
    background.set(
      () => {
        write(
          `golden-signals warn: shutdown: another handler of ${ending.signal} has not ended the process, ending it now`,
        );
        this.#closeAndExit(ending, foreignGraceMs < leftMs ? code : 1);
      },
      Math.min(foreignGraceMs, leftMs),
    );
  }

  /** What was left open for the application's own handler is sent last. */
  #closeAndExit({ services, signal, isRaised, mode }: Ending, code: 0 | 1): void {
    void this.#begin(services, { kind: 'call' }).then(() => {
      const { host } = this.#parts;
      if (isRaised && mode === 'auto') {
        this.#uninstall();
        host.kill(host.pid, signal);
        return;
      }
      this.#setExitCode(code);
      host.exit(Number(host.exitCode ?? code));
    });
  }

  /** What the application has said about its own end stands. */
  #setExitCode(code: 0 | 1): void {
    const { host } = this.#parts;
    if (code !== 0 && (host.exitCode === undefined || host.exitCode === 0)) host.exitCode = code;
  }

  #begin(services: readonly Shutdown[], trigger: Trigger): Promise<0 | 1> {
    return Promise.all(services.map((service) => service.begin(trigger))).then(worstOf);
  }

  /** No handler but ours listens. */
  #isAloneFor(signal: NodeJS.Signals): boolean {
    return this.#parts.host.listenerCount(signal) - signalExitCount() === 1;
  }

  #watchKill(): void {
    const { host } = this.#parts;
    const { kill } = host;
    this.#kill = kill;
    const signals: readonly unknown[] = this.#signals;
    host.kill = (pid, signal = 'SIGTERM') => {
      if (Number(pid) === host.pid && signals.includes(signal)) this.#isRaisedHere = true;
      return kill.call(host, pid, signal);
    };
  }

  get #isWatched(): boolean {
    return [...this.#services].some(({ config }) => config.outside === 'watcher');
  }

  /** It ends the process as it would without us, only after what waits is sent. */
  readonly #onRestart = (): void => {
    const { host } = this.#parts;
    const isAlone = this.#isAloneFor(restartSignal);
    const sent = Promise.all([...this.#services].map((service) => service.send()));
    if (!isAlone || this.#isRestarting) return;
    this.#isRestarting = true;
    void sent.then(() => {
      host.removeListener(restartSignal, this.#onRestart);
      host.kill(host.pid, restartSignal);
    });
  };

  readonly #onUncaught = (): void => {
    const { host } = this.#parts;
    if ([...this.#services].some(({ config }) => config.exit === false)) return;
    // The application handles it itself. It is asked now, as it may have added its handler after the start.
    if (host.listenerCount('uncaughtException') > 0 || host.hasUncaughtExceptionCaptureCallback()) return;
    host.once('uncaughtException', this.#onCrash);
  };

  readonly #onCrash = (error: unknown, origin: string): void => {
    const { host, holding, write } = this.#parts;
    write(`golden-signals error: ${origin}, the process ends:\n${textOf(error)}`);
    if (this.#isCrashing) {
      host.exit(1);
      return;
    }
    this.#isCrashing = true;
    holding.set(() => host.exit(1), crashDeadlineMs);
    void this.#begin([...this.#services], { kind: 'crash' }).then(() => host.exit(1));
  };
}

function worstOf(ends: readonly ShutdownEnd[]): 0 | 1 {
  return ends.some(({ code }) => code === 1) ? 1 : 0;
}

function textOf(error: unknown): string {
  try {
    return inspect(error);
  } catch {
    return 'something that cannot be printed';
  }
}
