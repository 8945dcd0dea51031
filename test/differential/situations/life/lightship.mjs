// lightship's shutdown handlers on SIGTERM.
import { createServer } from 'node:http';

export const ends = true;

export async function service({ instrument, listen, event }) {
  const server = createServer((_req, res) => res.end('served'));
  await instrument(server);
  process.on('exit', (code) => event(`exit ${code}`));
  const { createLightship } = await import('lightship');
  const lightship = await createLightship({
    port: 0,
    detectKubernetes: false,
    shutdownDelay: 0,
    gracefulShutdownTimeout: 5_000,
    terminate: () => process.exit(0),
  });
  lightship.registerShutdownHandler(async () => {
    await new Promise((resolve) => server.close(resolve));
    event('shut down');
  });
  lightship.signalReady();
  await listen(server);
}

export async function drive({ client, observe, child }) {
  observe('get', await client.request({ agent: false }));
  child.kill('SIGTERM');
}
