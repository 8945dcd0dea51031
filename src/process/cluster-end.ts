import type { Cluster, Worker } from 'node:cluster';
import type { EventEmitter } from 'node:events';
import type { Trigger } from './shutdown-plan.js';

export interface ClusterEnd {
  /** Call it when the process begins to end: it forwards the signal to the workers. */
  begin(trigger: Trigger): void;
  /** True where there are workers to wait for. */
  readonly hasWorkers: boolean;
  /** Resolves when the workers that got the signal have ended. */
  wait(): Promise<void>;
}

/**
 * Ends a process of node:cluster. Workers exit when they lose the channel to the primary, in the middle of their requests if it exits at
 * once. So the primary forwards the signal and waits until they are gone. Workers that start meanwhile, as by
 * `cluster.on('exit', () => cluster.fork())`, get the signal when the primary exits.
 */
export function createClusterEnd(cluster: Cluster, host: NodeJS.Process): ClusterEnd {
  let signalled: Worker[] = [];
  return {
    begin(trigger) {
      if (trigger.kind !== 'signal') return;
      if (cluster.isWorker) {
        // Node hands an error of the process on to the worker, before it calls a listener that comes later.
        if (cluster.worker !== undefined) ignoreLostPrimary(cluster.worker);
        ignoreLostPrimary(host);
      }
      signalled = workersOf(cluster);
      // One that is still starting would fail at its first message to a primary that is gone.
      if (signalled.length > 0)
        host.once('exit', () => {
          for (const worker of workersOf(cluster))
            if (!signalled.includes(worker)) worker.process.kill(trigger.signal);
        });
      // A Ctrl-C has reached every process of the terminal.
      if (!trigger.isFromTerminal) for (const worker of signalled) worker.process.kill(trigger.signal);
    },
    get hasWorkers() {
      return signalled.some(isAlive);
    },
    async wait() {
      await Promise.all(
        signalled.map((worker) =>
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
