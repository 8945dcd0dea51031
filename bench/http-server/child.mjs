import { fork } from 'node:child_process';

/**
 * Forks `file` and lets the caller ask it things over IPC: a child answers `{ id, command, ...payload }` with `{ id, value }`.
 * A child that exits by itself rejects what was asked of it.
 */
export function startChild(file, { args = [], execArgv = [], env = process.env } = {}) {
  const child = fork(file, args, { execArgv, env });
  const waiting = new Map();
  let nextId = 0;

  child.on('message', ({ id, value }) => {
    waiting.get(id)?.resolve(value);
    waiting.delete(id);
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  exited.then((code) => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} ended with code ${code}`));
    waiting.clear();
  });

  return {
    ask(command, payload = {}) {
      const id = nextId++;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        child.send({ id, command, ...payload }, (error) => {
          if (error) reject(error);
        });
      });
    },
    /** Ends the process at once: what it still had to say does not matter any more. */
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
