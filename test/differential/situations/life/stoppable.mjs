// stoppable ends the service on SIGTERM.
import { createServer } from 'node:http';

export const ends = true;

export async function service({ instrument, listen, event }) {
  const server = createServer((_req, res) => res.end('served'));
  await instrument(server);
  process.on('exit', (code) => event(`exit ${code}`));
  const { default: stoppable } = await import('stoppable');
  stoppable(server, 500);
  process.on('SIGTERM', () => {
    server.stop((error, gracefully) => {
      event(`stopped ${error} ${gracefully}`);
      process.exit(error ? 1 : 0);
    });
  });
  await listen(server);
}

export async function drive({ client, observe, child }) {
  observe('get', await client.request({ agent: false }));
  child.kill('SIGTERM');
}
