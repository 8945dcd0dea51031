// A handler that cleans up and raises the signal again without itself.
import { createServer } from 'node:http';

export const ends = true;

export async function service({ instrument, listen, event }) {
  const server = createServer((_req, res) => res.end('served'));
  await instrument(server);
  process.on('exit', (code) => event(`exit ${code}`));
  process.once('SIGTERM', () => {
    event('handler');
    server.close(() => process.kill(process.pid, 'SIGTERM'));
  });
  await listen(server);
}

export async function drive({ client, observe, child }) {
  observe('get', await client.request({ agent: false }));
  child.kill('SIGTERM');
}
