interface Emitter {
  readonly count?: unknown;
}

/**
 * How many listeners of a signal belong to signal-exit, a dependency of many packages. They end the process when no one else listens,
 * and do nothing when we do, so they are no handlers of the application. Both major lines of it keep their count in the process.
 */
export function signalExitCount(): number {
  const { __signal_exit_emitter__: older } = process as { __signal_exit_emitter__?: Emitter };
  const { [Symbol.for('signal-exit emitter')]: newer } = globalThis as { [key: symbol]: Emitter | undefined };
  return countOf(older) + countOf(newer);
}

function countOf(emitter: Emitter | undefined): number {
  const count = emitter?.count;
  return typeof count === 'number' ? count : 0;
}
