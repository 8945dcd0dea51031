// Runs PostgreSQL, and cleans up after the runner however that ends: kills the processes that it has started, also one that hangs, and
// removes the folder of the database. It is in a session of its own: a Ctrl-C does not reach it.
import { startPostgres } from '../postgres.mjs';

const pids = new Set();
const ending = new AbortController();
let postgres;

process.on('message', async ({ isStart, pid, hasEnded }) => {
  if (pid !== undefined) pids[hasEnded ? 'delete' : 'add'](pid);
  if (!isStart) return;
  postgres = startPostgres({ signal: ending.signal });
  const answer = await postgres.then(
    ({ url }) => ({ url }),
    (error) => ({ failure: error.message }),
  );
  if (process.connected) process.send(answer);
});

process.on('disconnect', async () => {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }
  ending.abort();
  const started = await postgres?.catch(() => undefined);
  await started?.stop();
  process.exit();
});
