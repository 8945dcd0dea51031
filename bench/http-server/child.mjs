import { spawn } from 'node:child_process';

/**
 * Starts `file` and lets the caller ask it things over IPC: a child answers `{ id, command, ...payload }` with `{ id, value }`.
 * A child that exits by itself rejects what was asked of it. `core` names the cores that it may use, as `taskset` takes them.
 */
export function startChild(file, { args = [], execArgv = [], env = process.env, core } = {}) {
  const command = [process.execPath, ...execArgv, file, ...args];
  if (core !== undefined) command.unshift('taskset', '--cpu-list', String(core));
  const child = spawn(command[0], command.slice(1), { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
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
