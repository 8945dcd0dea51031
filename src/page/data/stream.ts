import { batch, signal } from '@preact/signals';
import { setConsoleTime } from './clock.js';

/** `sinceMs`: since when it is so, by the clock of the browser. */
export interface Connection {
  readonly state: 'connecting' | 'live' | 'lost';
  readonly sinceMs: number;
}

const retryMs = 2_000;

export const connection = signal<Connection>({ state: 'connecting', sinceMs: Date.now() });

/** Grows each time that something has come in. */
export const changes = signal(0);

/** Grows each time that an alert has changed, or events were missed. */
export const alertChanges = signal(0);

/** Holds the one stream of events open; the browser resumes it after the last event that it had. */
export function startStream(): void {
  const source = new EventSource('/api/events');
  const become = (state: Connection['state']) => {
    if (connection.value.state !== state) connection.value = { state, sinceMs: Date.now() };
  };
  source.addEventListener('hello', () => {
    // What happened while the connection was lost is asked for.
    if (connection.value.state === 'lost') missed();
    become('live');
  });
  source.addEventListener('changed', ({ data }) => {
    const { nowMs } = JSON.parse(data) as { nowMs?: number };
    if (nowMs !== undefined) setConsoleTime(nowMs);
    changes.value += 1;
  });
  source.addEventListener('alert', () => {
    alertChanges.value += 1;
  });
  source.addEventListener('gap', missed);
  source.addEventListener('error', () => {
    become('lost');
    // A browser gives up where the answer is no stream, as while the console has too many pages.
    if (source.readyState === EventSource.CLOSED) setTimeout(startStream, retryMs);
  });
}

function missed(): void {
  batch(() => {
    changes.value += 1;
    alertChanges.value += 1;
  });
}
