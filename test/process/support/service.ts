import type { Outside } from '../../../src/process/outside.js';
import { Shutdown } from '../../../src/process/shutdown.js';
import { resolveShutdown, type ShutdownOptions } from '../../../src/process/shutdown-options.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { FakeTraffic } from './fake-traffic.js';

export const sigterm = { kind: 'signal', signal: 'SIGTERM', isFromTerminal: false, isBeside: false } as const;
export const call = { kind: 'call' } as const;
export const crash = { kind: 'crash' } as const;

export interface SetUp {
  readonly options?: { readonly [Name in keyof ShutdownOptions]: ShutdownOptions[Name] | undefined };
  readonly outside?: Outside;
  readonly traffic?: FakeTraffic;
  readonly clock?: ReturnType<typeof createFakeClock>;
  /** How long the flush takes; undefined hangs. */
  readonly flush?: () => Promise<unknown>;
}

/** A service that is about to end, on a fake clock; `events` is what happened to it, with the time since it was made. */
export function createEndingService(setUp: SetUp = {}) {
  const {
    options,
    outside = 'unknown',
    traffic = new FakeTraffic(),
    clock = createFakeClock(0),
    flush = async () => {},
  } = setUp;
  const events: string[] = [];
  const lines: string[] = [];
  const note = (what: string) => events.push(`${clock.now()} ${what}`);
  const shutdown = new Shutdown({
    // Times that no test runs into unless it says so.
    config: resolveShutdown(
      { drainTimeoutMs: 15_000, budgetMs: 25_000, ...(options as ShutdownOptions) },
      { outside, gracePeriodS: undefined },
    ),
    clock,
    timers: clock,
    log: {
      warn: (line) => lines.push(`warn ${line}`),
      info: (line) => lines.push(`info ${line}`),
      warnOnce: (_key, line) => lines.push(`warn ${line}`),
    },
    traffic,
    ending: {
      draining: ({ kind }) => note(`draining ${kind}`),
      send: async () => note('send'),
      close: () => note('close'),
      flush: () => {
        note('flush');
        return flush();
      },
    },
  });
  const { stop, destroy } = traffic;
  traffic.stop = () => {
    note('stop');
    return stop.call(traffic);
  };
  traffic.destroy = () => {
    note('destroy');
    return destroy.call(traffic);
  };
  return { shutdown, clock, traffic, events, lines, note };
}
