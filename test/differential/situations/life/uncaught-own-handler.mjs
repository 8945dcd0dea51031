// Handlers of the service's own for what nobody caught: they are asked, in their order, and the service goes on.
import { createServer } from 'node:http';

export async function service({ instrument, listen, event }) {
  process.on('uncaughtException', (error, origin) => event(`uncaught ${error.message} ${origin}`));
  process.on('unhandledRejection', (reason) => event(`unhandled ${reason}`));
  process.on('rejectionHandled', () => event('handled later'));
  process.on('warning', ({ name, message }) => event(`${name} ${message}`));
  const server = createServer((req, res) => {
    if (req.url === '/throws') throw new Error('in a listener');
    if (req.url === '/rejects') Promise.reject('a text');
    res.end('answered');
  });
  await instrument(server);
  await listen(server);
}

export async function drive({ client, observe }) {
  observe('rejects', await client.request({ path: '/rejects' }));
  const broken = client.request({
    path: '/throws',
    agent: false,
    onRequest: (req) => {
      req.end();
      return setTimeout(() => req.destroy(), 300);
    },
  });
  observe('throws', await broken);
  observe('goes on', await client.request());
}
