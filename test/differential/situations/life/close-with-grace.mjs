// close-with-grace: its handlers, its delay and its exit.
import { createServer } from 'node:http';

export const ends = true;

export async function service({ instrument, listen, event }) {
  const server = createServer((_req, res) => res.end('served'));
  await instrument(server);
  process.on('exit', (code) => event(`exit ${code}`));
  const { default: closeWithGrace } = await import('close-with-grace');
  closeWithGrace({ delay: 2_000, logger: false }, async ({ signal, err, manual }) => {
    event(`closing ${signal} ${err} ${manual}`);
    await new Promise((resolve) => server.close(resolve));
    event('closed');
  });
  await listen(server);
}

export async function drive({ client, observe, child }) {
  observe('get', await client.request({ agent: false }));
  child.kill('SIGTERM');
}
