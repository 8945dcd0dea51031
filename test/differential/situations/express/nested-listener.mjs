// An app behind a listener of the service's own, beside a second listener, with an early answer.
import { createServer } from 'node:http';

export async function service({ instrument, listen, event, observe, shapeOf }) {
  const { default: express } = await import('express');
  const app = express();
  app.get('/app', (_req, res) => res.send('of the app'));
  const server = createServer((req, res) => {
    event(`first ${req.url}`);
    if (req.url === '/early') return void res.end('early');
    app(req, res);
  });
  server.on('request', (req, res) => event(`second ${req.url}, head sent: ${res.headersSent}`));
  server.prependListener('request', (req) => event(`before ${req.url}`));
  await instrument(server);
  await listen(server);
  observe('server', shapeOf(server));
}

export async function drive({ client, observe }) {
  observe('early', await client.request({ path: '/early' }));
  observe('app', await client.request({ path: '/app' }));
  observe('none', await client.request({ path: '/none' }));
}
