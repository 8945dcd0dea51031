/** `error`: something does not work. `warning`: it works less well than it could. `note`: worth knowing. */
export type FindingSeverity = 'error' | 'warning' | 'note';

/** What the doctor found. Neither text holds a secret: no header, no credentials of a URL. */
export interface Finding {
  /** Stable, for scripts. */
  readonly id: string;
  readonly severity: FindingSeverity;
  readonly what: string;
  readonly cure: string;
}
