import { text } from '../core/check.js';
import { GoldenSignalsError } from '../errors.js';
import { Check } from './check.js';
import { type CheckFunction, type CheckOptions, resolveCheck } from './check-options.js';
import type { CheckDeps, CheckReading } from './check-reading.js';

/** Which checks a question is about; without `group` or `onlyCritical`, all of them. */
export interface CheckFilter {
  readonly group?: string | undefined;
  readonly onlyCritical?: boolean;
}

/** The checks of a service, by name, in the order they were added. */
export class Checks {
  readonly #checks = new Map<string, Check>();
  readonly #deps: CheckDeps;
  readonly #graceMs: number;
  #isStarted = false;

  constructor(deps: CheckDeps, criticalGraceMs = 0) {
    this.#deps = deps;
    this.#graceMs = criticalGraceMs;
  }

  /**
   * Adds a check, and runs it at once if the others are running.
   * @throws GoldenSignalsError `ERR_GS_OPTION` for a wrong option, `ERR_GS_MISUSE` if the name is taken.
   */
  add(name: string, given: CheckFunction | CheckOptions): void {
    text('health.checks name', name);
    if (this.#checks.has(name))
      throw new GoldenSignalsError('ERR_GS_MISUSE', `there is a health check named ${name} already`);
    const check = new Check(name, resolveCheck(`health.checks.${name}`, given, this.#graceMs), this.#deps);
    this.#checks.set(name, check);
    if (this.#isStarted) check.start();
  }

  /** Stops and removes a check; false if no check has that name. */
  remove(name: string): boolean {
    this.#checks.get(name)?.stop();
    return this.#checks.delete(name);
  }

  /** Runs every check, all at the same time, and keeps running them. */
  start(): void {
    this.#isStarted = true;
    for (const check of this.#all({})) check.start();
  }

  stop(): void {
    this.#isStarted = false;
    for (const check of this.#all({})) check.stop();
  }

  hasGroup(group: string): boolean {
    return this.#all({ group }).length > 0;
  }

  read(filter: CheckFilter = {}): CheckReading[] {
    return this.#all(filter).map((check) => check.read());
  }

  /** True once each has had a first result. */
  hasFirstResults(filter: CheckFilter = {}): boolean {
    return this.#all(filter).every((check) => check.hasResult);
  }

  /** Resolves once each running check has had a first result, or was stopped. Never rejects. */
  async whenFirstResults(filter: CheckFilter = {}): Promise<void> {
    await Promise.all(this.#all(filter).map((check) => (check.hasResult ? undefined : check.whenCurrent())));
  }

  /** True if a probe may be answered without waiting. */
  isCurrent(filter: CheckFilter = {}): boolean {
    return this.#all(filter).every((check) => check.isCurrent);
  }

  /** Resolves once there is nothing to wait for, and calls on-demand checks for it. Never rejects. */
  async whenCurrent(filter: CheckFilter = {}): Promise<void> {
    await Promise.all(this.#all(filter).map((check) => check.whenCurrent()));
  }

  // A copy: a check or a listener may add and remove checks while it is called.
  #all({ group, onlyCritical = false }: CheckFilter): Check[] {
    return [...this.#checks.values()].filter(
      ({ config }) =>
        (group === undefined || config.groups.includes(group)) && (!onlyCritical || config.critical),
    );
  }
}
