import type { Cluster, Worker } from 'node:cluster';
import type { EventEmitter } from 'node:events';
import type { Trigger } from './shutdown-plan.js';

export interface ClusterEnd {
  /** To be called when the process has been told to end: its workers are told, too. */
  begin(trigger: Trigger): void;
  /** True where there are workers to wait for. */
  readonly hasWorkers: boolean;
  /** Resolves when the workers that were told have ended. */
  wait(): Promise<void>;
}

/**
 * How a process of node:cluster ends. A primary that is told to end and goes at once takes its workers along in the middle of their
 * requests: without the channel to it they exit. So it hands the signal on, and stays until they are gone. Those that it is made to
 * start meanwhile, as in `cluster.on('exit', () => cluster.fork())`, end with it.
 */
export function createClusterEnd(cluster: Cluster, host: NodeJS.Process): ClusterEnd {
  let told: Worker[] = [];
  return {
    begin(trigger) {
      if (trigger.kind !== 'signal') return;
      if (cluster.isWorker) {
        // Node hands an error of the process on to the worker, before it calls a listener that comes later.
        if (cluster.worker !== undefined) ignoreLostPrimary(cluster.worker);
        ignoreLostPrimary(host);
      }
      told = workersOf(cluster);
      // One that is still starting would fail at its first message to a primary that is gone.
      if (told.length > 0)
        host.once('exit', () => {
          for (const worker of workersOf(cluster))
            if (!told.includes(worker)) worker.process.kill(trigger.signal);
        });
      // A Ctrl-C has reached every process of the terminal.
      if (!trigger.isFromTerminal) for (const worker of told) worker.process.kill(trigger.signal);
    },
    get hasWorkers() {
      return told.some(isAlive);
    },
    async wait() {
      await Promise.all(
        told.map((worker) =>
          isAlive(worker) ? new Promise((resolve) => worker.process.once('exit', resolve)) : undefined,
        ),
      );
    },
  };
}

/** A server of a worker closes by way of the primary: where that is gone, Node emits the failed write, and the process would crash. */
function ignoreLostPrimary(emitter: EventEmitter): void {
  emitter.on('error', (error: NodeJS.ErrnoException) => {
    const isLost = error.code === 'EPIPE' || error.code === 'ERR_IPC_CHANNEL_CLOSED';
    if (!isLost && emitter.listenerCount('error') === 1) throw error;
  });
}

function workersOf({ workers }: Cluster): Worker[] {
  return Object.values(workers ?? {}).filter((worker) => worker !== undefined);
}

function isAlive({ process: { exitCode, signalCode } }: Worker): boolean {
  return exitCode === null && signalCode === null;
}
