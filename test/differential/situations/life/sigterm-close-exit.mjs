// A SIGTERM handler of its own: server.close(() => process.exit(0)).
import { createServer } from 'node:http';

export const ends = true;

export async function service({ instrument, listen, event }) {
  const server = createServer((_req, res) => res.end('served'));
  await instrument(server);
  process.on('exit', (code) => event(`exit ${code}`));
  process.on('SIGTERM', (signal, number) => {
    event(`handler ${signal} ${number}`);
    server.close((error) => {
      event(`closed ${error}`);
      process.exit(0);
    });
  });
  await listen(server);
}

export async function drive({ client, observe, child }) {
  observe('get', await client.request({ agent: false }));
  child.kill('SIGTERM');
}
