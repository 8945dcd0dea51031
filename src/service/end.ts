import cluster from 'node:cluster';
import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { isMainThread } from 'node:worker_threads';
import { outsideTimers } from '../context/outside.js';
import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import { backgroundTimers, holdingTimers } from '../core/timers.js';
import { createClusterEnd } from '../process/cluster-end.js';
import { NaturalEnd } from '../process/natural-end.js';
import { ProcessSignals } from '../process/process-signals.js';
import { Shutdown, type ShutdownParts } from '../process/shutdown.js';
import type { ShutdownConfig } from '../process/shutdown-options.js';

/** Where nothing bounds the end of a service, as with `shutdown: false`. */
const flushMs = 2_000;

// Set outside of any request: a shutdown asked for by one would else carry its context to the end.
const holding = outsideTimers(holdingTimers);
const background = outsideTimers(backgroundTimers);

const naturalEnd = new NaturalEnd(process);

/** Also where input and output are a parent's, such as concurrently's: a Ctrl-C goes to every process of the terminal. */
function hasTerminal(): boolean {
  if (isatty(0)) return true;
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

let processSignals: ProcessSignals | undefined;

function signalsOf(clock: Clock, write: (line: string) => void): ProcessSignals {
  processSignals ??= new ProcessSignals({
    host: process,
    clock,
    holding,
    background,
    write,
    isTerminal: hasTerminal,
    platform: process.platform,
  });
  return processSignals;
}

export interface ServiceEndParts extends Pick<ShutdownParts, 'traffic' | 'ending'> {
  /** Undefined where the process, its signals and its servers are left alone. */
  readonly config: ShutdownConfig | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly write: (line: string) => void;
}

/** How a service ends: with the process, or when it is asked to. Returns the way to ask; it never rejects. */
export function createServiceEnd(parts: ServiceEndParts): () => Promise<void> {
  const { config, clock, write } = parts;
  const leaveEnd = naturalEnd.add(() => parts.ending.send(flushMs));
  const ending = {
    ...parts.ending,
    close() {
      leaveEnd();
      parts.ending.close();
    },
  };
  if (config === undefined) return once(() => leave(ending));
  const workers = createClusterEnd(cluster, process);
  const shutdown = new Shutdown({
    ...parts,
    config: {
      ...config,
      // Read when the process begins to end.
      get onDrain() {
        return workers.hasWorkers ? [...config.onDrain, workers.wait] : config.onDrain;
      },
    },
    ending: {
      ...ending,
      draining(trigger) {
        ending.draining(trigger);
        workers.begin(trigger);
      },
    },
    timers: holding,
  });
  // A thread gets no signals, and an exception ends the thread alone.
  const leaveSignals = isMainThread ? signalsOf(clock, write).add(shutdown) : () => {};
  return once(() => shutdown.begin({ kind: 'call' }).then(leaveSignals));
}

function once<T>(call: () => T): () => T {
  let made: { readonly result: T } | undefined;
  return () => {
    made ??= { result: call() };
    return made.result;
  };
}

async function leave(ending: ShutdownParts['ending']): Promise<void> {
  ending.draining({ kind: 'call' });
  ending.close();
  await ending.flush(flushMs);
}
