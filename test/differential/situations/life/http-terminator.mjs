// http-terminator ends the service on SIGTERM.
import { createServer } from 'node:http';

export const ends = true;

export async function service({ instrument, listen, event }) {
  const server = createServer((_req, res) => res.end('served'));
  await instrument(server);
  process.on('exit', (code) => event(`exit ${code}`));
  const { createHttpTerminator } = await import('http-terminator');
  const terminator = createHttpTerminator({ server, gracefulTerminationTimeout: 500 });
  process.on('SIGTERM', async () => {
    await terminator.terminate().then(
      () => event('terminated'),
      (error) => event(`failed ${error.code}`),
    );
    process.exit(0);
  });
  await listen(server);
}

export async function drive({ client, observe, child }) {
  observe('get', await client.request({ agent: false }));
  child.kill('SIGTERM');
}
