// http-proxy-middleware in front of an upstream: bodies, headers of hops, an error of the upstream.
export const upstream = (req, res) => {
  if (req.url.startsWith('/api/cut')) return void res.destroy();
  req
    .resume()
    .on('end', () =>
      res
        .writeHead(req.url.includes('fail') ? 503 : 200, { 'X-From': 'upstream' })
        .end(`${req.method} ${req.url}`),
    );
};

export async function service({ instrument, listen, upstream: target, event }) {
  const { default: express } = await import('express');
  const { createProxyMiddleware } = await import('http-proxy-middleware');
  const app = express();
  await instrument(app);
  app.use(
    createProxyMiddleware({
      pathFilter: '/api',
      target,
      xfwd: true,
      on: {
        proxyReq: (proxyReq) => proxyReq.setHeader('X-Added', 'by the proxy'),
        error: (error, _req, res) => {
          event(`error ${error.code}`);
          res.writeHead(502).end('bad gateway');
        },
      },
    }),
  );
  app.use((_req, res) => res.sendStatus(404));
  await listen(app);
}

export async function drive({ client, observe }) {
  observe('get', await client.request({ path: '/api/items?a=1' }));
  observe(
    'post',
    await client.request({
      method: 'POST',
      path: '/api/items',
      body: 'payload',
      headers: { 'Content-Type': 'text/plain' },
    }),
  );
  observe('503', await client.request({ path: '/api/fail' }));
  observe('cut', await client.request({ path: '/api/cut' }));
  observe('own', await client.request({ path: '/other' }));
}
