import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const limitMs = 60_000;
/** One whose database did not answer in time never gets ready: its start-up is done once. */
const startMs = 30_000;
const keptLines = 20;
const control = new URL('control.mjs', import.meta.url).href;
// What the shell has set for OpenTelemetry would take the telemetry elsewhere.
const inherited = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(OTEL_|PORT$)/.test(name)),
);

/** A process that the runner has started; it ends with the runner. */
export class Process {
  /** What it is called on the screen. */
  name;
  /** Where it listens, if it does. */
  url;
  isEnding = false;
  #child;
  #lines = [];
  #ended;
  #firstLine;

  constructor(name, file, { env = {}, args = [], isControlled = false } = {}) {
    this.name = name;
    this.#child = fork(file, args, {
      env: { ...inherited, ...env },
      execArgv: isControlled ? ['--import', control] : [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // In a session of its own: a Ctrl-C reaches the runner alone, which ends everything in order.
      detached: true,
    });
    this.#child.on('error', () => {});
    this.#ended = once(this.#child, 'exit');
    const { promise, resolve } = withResolvers();
    this.#firstLine = promise;
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.#lines.push(line);
        if (this.#lines.length > keptLines) this.#lines.shift();
        const [, url] = /(https?:\/\/[\w.:]+\d)/.exec(line) ?? [];
        if (stream === this.#child.stdout) resolve(url);
      });
    }
  }

  /** The last that it said. */
  get said() {
    return this.#lines.join('\n');
  }

  get pid() {
    return this.#child.pid;
  }

  get hasEnded() {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Exit code and signal, when it has ended. */
  get ended() {
    return this.#ended;
  }

  /** Waits until it says where it listens, or anything. */
  async started() {
    this.url = await this.#within('to start', this.#firstLine);
    return this;
  }

  /** Waits until it is ready to serve; false if it takes too long. */
  async ready() {
    const deadline = performance.now() + startMs;
    while (this.url !== undefined && !this.hasEnded && performance.now() < deadline) {
      const answer = await fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(5_000) }).catch(
        () => {},
      );
      await answer?.arrayBuffer().catch(() => {});
      if (answer?.ok) return true;
      await wait(100);
    }
    return this.url === undefined;
  }

  /** What the process answers first to a message. */
  async ask(message) {
    const answer = once(this.#child, 'message');
    this.send(message);
    const [given] = await this.#within('to answer', answer);
    return given;
  }

  send(message) {
    if (this.#child.connected) this.#child.send(message);
  }

  signal(name) {
    this.#child.kill(name);
  }

  /** Lets go of it; it ends by itself. */
  disconnect() {
    this.isEnding = true;
    if (this.#child.connected) this.#child.disconnect();
  }

  /** Ends it in order, and at once if it takes too long. */
  async stop(withinMs = 8_000) {
    this.isEnding = true;
    if (this.hasEnded || this.pid === undefined) return;
    this.#child.kill('SIGTERM');
    this.#child.kill('SIGCONT');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), withinMs);
    await this.#ended;
    clearTimeout(late);
  }

  async #within(what, promise) {
    const stopped = new AbortController();
    const failed = this.#ended.then(([code, signal]) => {
      throw new Error(`${this.name} ended with ${signal ?? `exit code ${code}`}: ${this.said}`);
    });
    const late = wait(limitMs, undefined, { signal: stopped.signal }).then(() => {
      throw new Error(`waited ${limitMs / 1_000} s for ${this.name} ${what}: ${this.said}`);
    });
    late.catch(() => {});
    try {
      return await Promise.race([promise, failed, late]);
    } finally {
      failed.catch(() => {});
      stopped.abort();
    }
  }
}

export const fileOf = (path) => fileURLToPath(new URL(path, import.meta.url));

function withResolvers() {
  const result = {};
  result.promise = new Promise((resolve) => {
    result.resolve = resolve;
  });
  return result;
}
