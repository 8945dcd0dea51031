// morgan writes a line for each request from what it finds on the response, after it has ended.
export async function service({ instrument, listen }) {
  const { default: express } = await import('express');
  const { default: morgan } = await import('morgan');
  const app = express();
  app.use(morgan(':method :url :status :res[content-length] HTTP/:http-version :referrer'));
  await instrument(app);
  app.get('/', (_req, res) => res.send('here'));
  app.post('/late', (_req, res) => {
    res.send('sent');
    res.statusCode = 500;
  });
  await listen(app);
}

export async function drive({ client, observe }) {
  observe('get', await client.request({ headers: { Referer: 'http://elsewhere/' } }));
  observe('missing', await client.request({ path: '/missing' }));
  observe('late', await client.request({ method: 'POST', path: '/late' }));
  observe('head', await client.request({ method: 'HEAD' }));
}
