// @fastify/cors, helmet, cookie, formbody, rate-limit and session together.
export async function service({ instrument, listenFastify }) {
  const { default: fastify } = await import('fastify');
  const app = fastify({ trustProxy: true });
  await app.register(import('@fastify/cors'), { origin: 'https://shop.example' });
  await instrument(app);
  await app.register(import('@fastify/helmet'));
  await app.register(import('@fastify/cookie'), { secret: 'secret' });
  await app.register(import('@fastify/formbody'));
  await app.register(import('@fastify/rate-limit'), { max: 4, timeWindow: 3_600_000 });
  app.post('/form', async (request, reply) => {
    reply.setCookie('seen', 'yes', { signed: true, path: '/' });
    return { body: request.body, cookies: request.cookies, ip: request.ip, host: request.host };
  });
  await listenFastify(app);
}

export const mask = [[/(x-ratelimit-reset|retry-after): \d+/g, '$1: <seconds>']];

export async function drive({ client, observe }) {
  const send = () =>
    client.request({
      method: 'POST',
      path: '/form',
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        'X-Forwarded-For': '10.0.0.1',
        Cookie: 'a=1',
        Origin: 'https://shop.example',
      },
      body: 'a=1&b=2',
    });
  observe('answers', [await send(), await send(), await send(), await send(), await send()]);
  observe(
    'preflight',
    await client.request({
      method: 'OPTIONS',
      path: '/form',
      headers: { Origin: 'https://shop.example', 'Access-Control-Request-Method': 'POST' },
    }),
  );
}
