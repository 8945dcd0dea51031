import type { IncomingMessage, ServerResponse } from 'node:http';

/** So many updates a second a page gets at most. */
const perSecond = 4;
const heartbeatMs = 15_000;
/** So many events are remembered, for pages that come back. */
const maxRemembered = 1_000;
const maxListeners = 50;
/** A page that has not read so much is passed over. */
const maxBufferedBytes = 262_144;

interface Event {
  readonly id: number;
  readonly text: string;
}

interface Listener {
  readonly response: ServerResponse;
  /** The last event that was written to it. */
  at: number;
  isWaiting: boolean;
}

/**
 * One stream of what happens, for pages. Each kind of update is sent at most four times a second, the newest in place of those before;
 * a page that reads too slowly misses some, and gets an event that says so.
 */
export class Events {
  readonly #listeners = new Set<Listener>();
  readonly #remembered: Event[] = [];
  readonly #pending = new Map<string, unknown>();
  #id = 0;
  #timer: NodeJS.Timeout | undefined;
  #beat: NodeJS.Timeout | undefined;

  get size(): number {
    return this.#listeners.size;
  }

  /** Says something at the next turn; of a kind that is said again before that, only the last. */
  update(kind: string, data: unknown): void {
    this.#pending.set(kind, data);
    this.#timer ??= setTimeout(() => this.#flush(), 1_000 / perSecond).unref();
  }

  /** Says something that may not be left out. */
  tell(kind: string, data: unknown): void {
    this.#add(kind, data);
    this.#timer ??= setTimeout(() => this.#flush(), 1_000 / perSecond).unref();
  }

  /** Answers a page; it may name the last event that it had. False where there are too many. */
  listen(request: IncomingMessage, response: ServerResponse): boolean {
    if (this.#listeners.size >= maxListeners) return false;
    const last = Number(request.headers['last-event-id'] ?? Number.NaN);
    // An id from before a restart is of another count.
    const isKnown = Number.isInteger(last) && last >= 0 && last <= this.#id;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(`retry: 1000\n\nevent: hello\ndata: ${JSON.stringify({ id: this.#id })}\n\n`);
    const listener: Listener = { response, at: isKnown ? last : this.#id, isWaiting: false };
    if (Number.isInteger(last) && !isKnown) response.write(gap(null));
    this.#listeners.add(listener);
    response.on('drain', () => {
      listener.isWaiting = false;
      this.#write(listener);
    });
    response.on('close', () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) {
        clearInterval(this.#beat);
        this.#beat = undefined;
      }
    });
    this.#beat ??= setInterval(() => {
      for (const one of this.#listeners) if (!one.isWaiting) one.response.write(': still here\n\n');
    }, heartbeatMs).unref();
    this.#write(listener);
    return true;
  }

  close(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#beat);
    for (const { response } of this.#listeners) response.end();
  }

  #flush(): void {
    this.#timer = undefined;
    for (const [kind, data] of this.#pending) this.#add(kind, data);
    this.#pending.clear();
    for (const listener of this.#listeners) this.#write(listener);
  }

  #add(kind: string, data: unknown): void {
    this.#id += 1;
    this.#remembered.push({
      id: this.#id,
      text: `id: ${this.#id}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`,
    });
    if (this.#remembered.length > maxRemembered) this.#remembered.shift();
  }

  #write(listener: Listener): void {
    if (listener.isWaiting) return;
    const { response } = listener;
    const first = this.#remembered[0]?.id ?? this.#id + 1;
    if (listener.at < first - 1) {
      response.write(gap(first - 1 - listener.at));
      listener.at = first - 1;
    }
    for (let index = listener.at - first + 1; index < this.#remembered.length; index += 1) {
      const { id, text } = this.#remembered[index] as Event;
      const isTaken = response.write(text);
      listener.at = id;
      if (!isTaken && response.writableLength > maxBufferedBytes) {
        listener.isWaiting = true;
        return;
      }
    }
  }
}

function gap(missed: number | null): string {
  return `event: gap\ndata: ${JSON.stringify({ missed })}\n\n`;
}
