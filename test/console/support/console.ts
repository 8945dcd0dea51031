import { onTestFinished } from 'vitest';
import { type Console, startConsole } from '../../../src/console/console.js';
import type { ConsoleOptions } from '../../../src/console/options.js';
import { backgroundTimers } from '../../../src/core/timers.js';
import { resolveRules } from '../../../src/rules/rule-options.js';

export interface Started extends Console {
  readonly said: readonly string[];
  /** The answer to a question. */
  ask<T>(path: string): Promise<T>;
  send(signal: 'traces' | 'metrics' | 'logs', body: unknown): Promise<Response>;
}

/** A console on a free port, closed after the test. */
export async function consoleFor(given: Partial<ConsoleOptions> = {}): Promise<Started> {
  const said: string[] = [];
  const running = await startConsole({
    host: 'localhost',
    port: 0,
    token: undefined,
    allowHosts: [],
    memoryBytes: 64 * 2 ** 20,
    rules: resolveRules(),
    ownRules: [],
    maxForMs: 10_000,
    webhook: undefined,
    actions: undefined,
    pageFolder: undefined,
    now: Date.now,
    timers: backgroundTimers,
    say: (line) => said.push(line),
    ...given,
  });
  onTestFinished(() => running.close());
  return {
    ...running,
    said,
    async ask<T>(path: string) {
      const response = await fetch(running.endpoint + path);
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      return (await response.json()) as T;
    },
    send: (signal, body) =>
      fetch(`${running.endpoint}/v1/${signal}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
  };
}
