// Express 4 under a plain server: static, JSON, jsonp, redirect, format, a rejected promise that nobody awaits the answer of.
import { createServer } from 'node:http';

export async function service({ instrument, listen, observe, shapeOf, event }) {
  const { default: express } = await import('express4');
  const app = express();
  await instrument(app);
  app.use(express.json());
  app.get('/shape', (req, res) => {
    observe('request', shapeOf(req));
    observe('response', shapeOf(res));
    for (const name of ['prefinish', 'finish', 'close']) res.on(name, () => event(`response ${name}`));
    for (const name of ['end', 'close']) req.on(name, () => event(`request ${name}`));
    res.redirect(301, '/else where');
  });
  app.get('/jsonp', (_req, res) => res.jsonp({ a: '\u2028' }));
  app.get('/format', (_req, res) => res.format({ text: () => res.send('text'), json: () => res.json({}) }));
  app.get('/links', (_req, res) =>
    res.links({ next: 'http://x/2' }).vary('Accept').location('back').status(206).end(),
  );
  app.use((error, _req, res, next) =>
    res.headersSent ? next(error) : res.status(422).json({ message: error.message }),
  );
  app.get('/after', (_req, res, next) => {
    res.write('half');
    next(new Error('after the head'));
  });
  await listen(createServer(app));
  observe('app', shapeOf(app));
}

export async function drive({ client, observe }) {
  observe('shape', await client.request({ path: '/shape' }));
  observe('jsonp', await client.request({ path: '/jsonp?callback=f' }));
  observe('format', await client.request({ path: '/format', headers: { Accept: 'application/json' } }));
  observe('not acceptable', await client.request({ path: '/format', headers: { Accept: 'image/png' } }));
  observe('links', await client.request({ path: '/links' }));
  observe('after', await client.request({ path: '/after' }));
}

// The stack that the final handler writes names lines of packages.
export const mask = [
  [/[A-Z][a-z]{2}, [^"]{20,24}GMT(?= express deprecated)/g, '<date>'],
  [/Error: after the head.*?(?="[,}])/g, 'Error: after the head <stack>'],
];
