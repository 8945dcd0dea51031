interface Emitter {
  readonly count?: unknown;
}

/**
 * How many of the listeners of a signal are those of signal-exit, which many packages bring along. They end the process where nobody else
 * listens, and do nothing where we do: they are no handler of the application's own. Both of its lines keep their number in the process.
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
