// NestJS 11 on its express adapter: controllers, guards, pipes, filters, interceptors, shutdown hooks, close().
import 'reflect-metadata';
import { nestApp } from '../../fixtures/nest-app.mjs';

export async function service({ instrument, listens, observe, shapeOf, event }) {
  const app = await nestApp('express', event);
  await instrument(app);
  await app.listen(0, '127.0.0.1');
  observe('server', shapeOf(app.getHttpServer()));
  listens(app.getHttpServer());
}

export async function drive({ client, observe }) {
  for (const path of [
    '/orders/7',
    '/orders/x',
    '/orders/forbidden/1',
    '/orders/throws/1',
    '/orders/redirect/1',
    '/missing',
  ]) {
    observe(path, await client.request({ path }));
  }
  observe(
    'post',
    await client.request({
      method: 'POST',
      path: '/orders',
      headers: { 'Content-Type': 'application/json' },
      body: '{"a":1}',
    }),
  );
  observe(
    'invalid',
    await client.request({
      method: 'POST',
      path: '/orders',
      headers: { 'Content-Type': 'application/json' },
      body: '{',
    }),
  );
}
