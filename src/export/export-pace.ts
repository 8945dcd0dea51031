/** A collector may ask for exports so often, and no more often; in milliseconds. */
const leastMs = 1_000;
const header = 'golden-signals-export-interval';

/**
 * How often one collector would like exports: the console of a developer asks for every second in its answers. It makes exports more
 * frequent than they are set, never less, and as they are set again once its answers no longer ask or no answer comes.
 */
export class ExportPace {
  #wishMs = Number.POSITIVE_INFINITY;
  readonly #listeners: (() => void)[] = [];

  /** The headers of an answer; undefined where none came. */
  follow(headers: Readonly<Record<string, string | string[] | undefined>> | undefined): void {
    const given = headers?.[header];
    const wishMs =
      typeof given === 'string' && /^\d{1,9}$/.test(given)
        ? Math.max(leastMs, Number(given))
        : Number.POSITIVE_INFINITY;
    if (wishMs === this.#wishMs) return;
    this.#wishMs = wishMs;
    for (const listener of this.#listeners) listener();
  }

  /** How long to wait where so long is set. */
  within(setMs: number): number {
    return Math.min(setMs, this.#wishMs);
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }
}

/** The pace of each collector, by its origin: what it answers to traces holds for metrics, too. */
export function createPaces(): (origin: string) => ExportPace {
  const paces = new Map<string, ExportPace>();
  return (origin) => {
    let pace = paces.get(origin);
    if (pace === undefined) {
      pace = new ExportPace();
      paces.set(origin, pace);
    }
    return pace;
  };
}
