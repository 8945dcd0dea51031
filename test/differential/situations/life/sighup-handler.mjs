// Another signal, with a handler that only reloads; then SIGKILL.
import { createServer } from 'node:http';

export const ends = true;

export async function service({ instrument, listen, event }) {
  const server = createServer((_req, res) => res.end('served'));
  await instrument(server);
  process.on('exit', (code) => event(`exit ${code}`));
  process.on('SIGHUP', () => {
    event('reloaded');
    process.kill(process.pid, 'SIGKILL');
  });
  await listen(server);
}

export async function drive({ client, observe, child }) {
  observe('get', await client.request({ agent: false }));
  child.kill('SIGHUP');
}
