import type { Timers } from '../core/timers.js';
import type { RuleConfig } from '../rules/rule-options.js';
import type { GroupSpec } from './alerts/rule-spec.js';

export interface ConsoleOptions {
  /** `localhost` is the loopback of both families. */
  readonly host: string;
  /** The first that is tried; 0 for any. */
  readonly port: number;
  /** Needed on every address but the loopback; undefined for none. */
  readonly token: string | undefined;
  /** Further names by which the console may be called. */
  readonly allowHosts: readonly string[];
  /** What spans and log lines may take, in bytes. */
  readonly memoryBytes: number;
  readonly rules: RuleConfig;
  /** Rules of the user's, evaluated beside ours. */
  readonly ownRules: readonly GroupSpec[];
  /** The longest that an alert waits before it fires, in milliseconds; undefined for what the rules say. */
  readonly maxForMs: number | undefined;
  /** Gets alerts, in Alertmanager's form; undefined for none. */
  readonly webhook: string | undefined;
  /** Where actions for the page are listed and done, on the loopback; undefined for none. */
  readonly actions: string | undefined;
  /** Where the page was built to; undefined for a console without one. */
  readonly pageFolder: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** For the evaluation of rules, and evidence that is looked at again. */
  readonly timers: Timers;
  readonly say: (line: string) => void;
}
