/**
 * Whether an ending service or process waits for its exports. It does not wait for a collector to come up: on a developer's machine and
 * in tests, most often no collector runs.
 */
export class Urgency {
  #count = 0;
  readonly #pauses = new Set<() => void>();

  get isOn(): boolean {
    return this.#count > 0;
  }

  /** Begins, and ends the pauses before a retry; the function returned ends it. */
  begin(): () => void {
    this.#count += 1;
    for (const end of [...this.#pauses]) end();
    let isOver = false;
    return () => {
      if (!isOver) this.#count -= 1;
      isOver = true;
    };
  }

  /** Calls `end` if it begins during a pause. */
  cutsShort(end: () => void): void {
    this.#pauses.add(end);
  }

  pauseEnded(end: () => void): void {
    this.#pauses.delete(end);
  }
}
