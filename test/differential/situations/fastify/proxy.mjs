// @fastify/http-proxy, on undici: bodies, prefixes, an upstream that fails and one that hangs up.
export const upstream = (req, res) => {
  if (req.url === '/cut') return void res.destroy();
  req
    .resume()
    .on('end', () =>
      res
        .writeHead(req.url === '/fail' ? 503 : 200, { 'X-From': 'upstream' })
        .end(`${req.method} ${req.url}`),
    );
};

export async function service({ instrument, listenFastify, upstream: target }) {
  const { default: fastify } = await import('fastify');
  const app = fastify();
  await instrument(app);
  await app.register(import('@fastify/http-proxy'), { upstream: target, prefix: '/api' });
  await listenFastify(app);
}

export async function drive({ client, observe }) {
  observe('get', await client.request({ path: '/api/items?a=1', headers: { 'X-Request': 'r1' } }));
  observe(
    'post',
    await client.request({
      method: 'POST',
      path: '/api/items',
      headers: { 'Content-Type': 'application/json' },
      body: '{"a":1}',
    }),
  );
  observe('fail', await client.request({ path: '/api/fail' }));
  observe('cut', await client.request({ path: '/api/cut' }));
}
