import { Refusal } from '../http/refusal.js';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const defaultWindowMs = 15 * 60_000;

/** The parameters of a question, each with a message that says what it takes. */
export class Query {
  readonly #params: URLSearchParams;
  readonly #nowMs: number;

  constructor(params: URLSearchParams, nowMs: number) {
    this.#params = params;
    this.#nowMs = nowMs;
  }

  text(name: string): string | undefined {
    const value = this.#params.get(name);
    return value === null || value === '' ? undefined : value;
  }

  texts(name: string): readonly string[] {
    return this.#params.getAll(name).filter((value) => value !== '');
  }

  /** @throws Refusal */
  flag(name: string): boolean | undefined {
    const value = this.#params.get(name);
    if (value === null) return undefined;
    if (value === '' || value === 'true' || value === '1') return true;
    if (value === 'false' || value === '0') return false;
    throw new Refusal(400, `${name} takes true or false, got ${shown(value)}`);
  }

  /** @throws Refusal */
  number(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (!Number.isFinite(number) || number < 0)
      throw new Refusal(400, `${name} takes a number, got ${shown(value)}`);
    return number;
  }

  /** A time with a unit, or a number of milliseconds. @throws Refusal */
  durationMs(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(value) ?? [];
    if (digits === undefined)
      throw new Refusal(400, `${name} takes a time such as 300ms, 2s or 15m, got ${shown(value)}`);
    return Number(digits) * (unitMs[unit ?? 'ms'] as number);
  }

  /** How many at most; never more than `most`. @throws Refusal */
  limit(otherwise: number, most: number): number {
    return Math.min(most, this.number('limit') ?? otherwise);
  }

  /**
   * The time asked about, in milliseconds since the epoch: `from` and `to`, else the `window` before now.
   * @throws Refusal
   */
  window(otherwiseMs = defaultWindowMs): { readonly fromMs: number; readonly toMs: number } {
    const toMs = this.number('to') ?? this.#nowMs;
    const fromMs = this.number('from') ?? toMs - (this.durationMs('window') ?? otherwiseMs);
    if (fromMs >= toMs) throw new Refusal(400, 'from has to be before to');
    return { fromMs, toMs };
  }
}

function shown(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}
