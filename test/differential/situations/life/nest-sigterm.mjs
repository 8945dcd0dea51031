// NestJS with its shutdown hooks: SIGTERM runs them in Nest's order, and the process ends as Nest lets it.
import 'reflect-metadata';
import { nestApp } from '../../fixtures/nest-app.mjs';

export const ends = true;

export async function service({ instrument, listens, event }) {
  const app = await nestApp('express', event);
  await instrument(app);
  app.enableShutdownHooks();
  process.on('exit', (code) => event(`exit ${code}`));
  await app.listen(0, '127.0.0.1');
  listens(app.getHttpServer());
}

export async function drive({ client, observe, child }) {
  observe('get', await client.request({ path: '/orders/7', agent: false }));
  child.kill('SIGTERM');
}
