// NestJS 12, ES modules alone, on its fastify adapter: controllers, guards, pipes, filters, interceptors, shutdown hooks, close().
import { nestApp } from '../../fixtures/nest-app.mjs';
import { nest12 } from '../../nest-12/packages.mjs';

export async function service({ instrument, listens, observe, shapeOf, event }) {
  const app = await nestApp('fastify', event, nest12);
  await instrument(app);
  await app.listen(0, '127.0.0.1');
  observe('server', shapeOf(app.getHttpServer()));
  listens(app.getHttpServer());
}

export { drive } from './fastify.mjs';
