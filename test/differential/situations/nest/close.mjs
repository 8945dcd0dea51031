// A Nest application that closes itself, with its shutdown hooks on; SIGTERM then ends it in Nest's order.
import 'reflect-metadata';
import { nestApp } from '../../fixtures/nest-app.mjs';

export const ends = true;

export async function service({ instrument, event, handles, observe }) {
  const app = await nestApp('express', event);
  await instrument(app);
  app.enableShutdownHooks();
  await app.listen(0, '127.0.0.1');
  const response = await fetch(`${await app.getUrl()}/orders/7`);
  observe('answer', { status: response.status, body: await response.text() });
  await app.close();
  event('closed');
  observe('handles', handles());
}
