import type { IncomingMessage, ServerResponse } from 'node:http';
import { Refusal } from './http/refusal.js';

/** Something that a page may have done by a button, such as a fault of a demo. */
export interface Action {
  /** Letters, digits and `_`, after the first also `.` and `-`. */
  readonly name: string;
  /** What the button says. */
  readonly title: string;
  /** What is to be seen then; '' for nothing in particular. */
  readonly expect: string;
  /** True while it is in effect. */
  readonly active: boolean;
}

const listTimeoutMs = 2_000;
const doTimeoutMs = 30_000;
const maxBodyBytes = 16_384;
const maxAnswerBytes = 262_144;
const maxActions = 50;
const namePattern = /^\w[\w.-]{0,99}$/;

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/**
 * Actions that another process of this machine offers: the console lists them and passes on what is asked for, so that its page has buttons
 * for what it knows nothing of.
 */
export class Actions {
  readonly #url: string;

  /** An address of the loopback: GET lists the actions, POST to `/NAME` under it does one. */
  constructor(url: string) {
    this.#url = url.replace(/\/+$/, '');
  }

  /** Those that are offered now; with the reason where the process does not answer. */
  async list(): Promise<{ readonly actions: readonly Action[]; readonly failure: string | null }> {
    try {
      const { status, text } = await this.#ask('', { signal: AbortSignal.timeout(listTimeoutMs) });
      if (status !== 200) throw new Error(`it answers ${status}`);
      return { actions: actionsOf(JSON.parse(text)), failure: null };
    } catch (error) {
      return {
        actions: [],
        failure: `the actions of ${this.#url} cannot be listed: ${(error as Error).message}`,
      };
    }
  }

  /** Passes a request on, with its body, and gives back what is answered. @throws Refusal */
  async perform(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!namePattern.test(name)) throw new Refusal(404, 'there is no action of that name');
    const body = await read(request);
    let answer: Answer;
    try {
      answer = await this.#ask(`/${name}`, {
        method: 'POST',
        body,
        headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
        signal: AbortSignal.timeout(doTimeoutMs),
      });
    } catch (error) {
      throw new Refusal(502, `${this.#url} did not do ${name}: ${(error as Error).message}`);
    }
    const { status, type, text } = answer;
    // What it answers is passed on as data, and never as something that a browser would run.
    const isJson = /^application\/(?:[\w.+-]+\+)?json\b/.test(type);
    response.writeHead(status, {
      'content-type': isJson ? 'application/json' : 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
    });
    response.end(text);
  }

  async #ask(path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(this.#url + path, { ...init, redirect: 'error' });
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > maxAnswerBytes) throw new Error(`its answer is longer than ${maxAnswerBytes} bytes`);
      chunks.push(chunk);
    }
    return {
      status: response.status,
      type: response.headers.get('content-type') ?? '',
      text: Buffer.concat(chunks).toString('utf8'),
    };
  }
}

/** @throws where it is no list of actions. */
function actionsOf(given: unknown): Action[] {
  const list = Array.isArray(given) ? given : (given as { actions?: unknown } | null)?.actions;
  if (!Array.isArray(list)) throw new Error('it gives no list');
  return list.slice(0, maxActions).map((one: Readonly<Record<string, unknown>> | null) => {
    const { name, title, expect, active } = one ?? {};
    if (typeof name !== 'string' || !namePattern.test(name))
      throw new Error('an action has no name of letters, digits, "_", "." and "-"');
    return {
      name,
      title: typeof title === 'string' && title !== '' ? title : name,
      expect: typeof expect === 'string' ? expect : '',
      active: active === true,
    };
  });
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw new Refusal(413, `an action takes at most ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
