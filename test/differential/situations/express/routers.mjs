// Nested routers, mergeParams, route(), param(), app.mount, next('route'), next('router'), a handler that writes req.url and req.route.
export async function service({ instrument, listen, event, observe }) {
  const { default: express } = await import('express');
  const app = express();
  const inner = express.Router({ mergeParams: true });
  const sub = express();
  sub.on('mount', (parent) => event(`mounted on ${parent === app}`));
  await instrument(app);
  app.param('id', (_req, _res, next, value) => {
    event(`param ${value}`);
    next();
  });
  inner.get('/a', (_req, _res, next) => next('router'));
  inner.get(
    '/b',
    (_req, _res, next) => next('route'),
    (_req, res) => res.send('skipped'),
  );
  inner.get('/b', (req, res) =>
    res.json({ ...req.params, base: req.baseUrl, url: req.url, original: req.originalUrl }),
  );
  app.use('/orders/:id', inner);
  app.get('/orders/:id/a', (req, res) =>
    res.json({ after: 'router', own: Object.hasOwn(req, 'route'), path: req.route.path }),
  );
  sub.get('/x', (req, res) =>
    res.json({ base: req.baseUrl, app: req.app === sub, mountpath: sub.mountpath }),
  );
  app.use(['/sub', '/other'], sub);
  app
    .route('/both')
    .get((req, res) => {
      const spread = { ...req };
      observe('spread', [
        Object.hasOwn(req, 'route'),
        'route' in spread,
        spread.route === req.route,
        'route' in req,
      ]);
      res.send('got');
    })
    .post((_req, res) => res.send('posted'));
  app.get('/rewritten', (req, _res, next) => {
    req.url = '/both';
    req.route = null;
    next();
  });
  app.get('/text', (req, res) => {
    req.route = 'text';
    delete req.route;
    res.json({ has: 'route' in req, own: Object.hasOwn(req, 'route') });
  });
  app.use((req, _res, next) => (req.path === '/rewritten' ? app.handle(req, _res, next) : next()));
  await listen(app);
}

export async function drive({ client, observe }) {
  for (const path of [
    '/orders/1/a',
    '/orders/1/b',
    '/sub/x',
    '/other/x',
    '/both',
    '/rewritten',
    '/text',
    '/none',
  ]) {
    observe(path, await client.request({ path }));
  }
  observe('post', await client.request({ method: 'POST', path: '/both' }));
}
