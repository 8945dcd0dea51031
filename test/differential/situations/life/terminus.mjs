// @godaddy/terminus: its health route and its signals.
import { createServer } from 'node:http';

export const ends = true;

export async function service({ instrument, listen, event }) {
  const server = createServer((_req, res) => res.end('served'));
  await instrument(server);
  process.on('exit', (code) => event(`exit ${code}`));
  const { createTerminus } = await import('@godaddy/terminus');
  createTerminus(server, {
    signals: ['SIGTERM'],
    timeout: 500,
    healthChecks: { '/health': async () => ({ own: true }) },
    beforeShutdown: async () => event('before the shutdown'),
    onSignal: async () => event('on the signal'),
    onShutdown: async () => event('shut down'),
    logger: (text, error) => event(`${text} ${error}`),
    useExit0: true,
  });
  await listen(server);
}

export async function drive({ client, observe, child }) {
  observe('get', await client.request({ agent: false }));
  observe('health', await client.request({ path: '/health', agent: false }));
  child.kill('SIGTERM');
}
