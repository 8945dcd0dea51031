import type { Arguments } from '../command.js';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../usage-error.js';

/** Asks a console that runs. */
export class ConsoleClient {
  readonly #base: URL;
  readonly #headers: Record<string, string>;

  constructor(base: URL, token: string | undefined) {
    this.#base = base;
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  /** The answer to a question. @throws where there is no console, or it refuses. */
  async get(path: string, params: Readonly<Record<string, string>> = {}): Promise<unknown> {
    return (await this.fetch(path, params)).json();
  }

  async fetch(path: string, params: Readonly<Record<string, string>> = {}): Promise<Response> {
    const url = new URL(path, this.#base);
    for (const name in params) url.searchParams.set(name, params[name] as string);
    return this.#answered(url, { headers: this.#headers });
  }

  async send(path: string, body: string): Promise<void> {
    await this.#answered(new URL(path, this.#base), {
      method: 'POST',
      headers: { ...this.#headers, 'content-type': 'application/json' },
      body,
    });
  }

  async #answered(url: URL, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(url, init);
    } catch (error) {
      throw new Error(
        `no console answers at ${this.#base.origin}: start one with golden-signals console, or name it with --url`,
        { cause: error },
      );
    }
    if (response.ok) return response;
    const { error, message } = (await response.json().catch(() => ({}))) as Record<string, unknown>;
    throw new Error(`the console answers ${response.status}: ${error ?? message ?? url.pathname}`);
  }
}

/** The console of `--url`, of the environment, or of this machine. @throws UsageError */
export function clientFrom(given: Arguments, { env }: Terminal): ConsoleClient {
  const typed = given.value('url') ?? env.GOLDEN_SIGNALS_CONSOLE ?? 'http://localhost:4318';
  if (!URL.canParse(typed)) throw new UsageError('--url takes the address of a console');
  const base = new URL(typed);
  const token = base.searchParams.get('token') ?? given.value('token') ?? env.GOLDEN_SIGNALS_CONSOLE_TOKEN;
  return new ConsoleClient(base, token);
}
