import type { Kind } from './app.js';
import { expressKinds } from './express.js';
import { fastifyKinds } from './fastify.js';
import { honoKinds } from './hono.js';
import { koaKinds } from './koa.js';
import { nestKinds } from './nest.js';
import { plainKinds } from './plain.js';

/** Every server that the contract suites run on. */
export const kinds: readonly Kind[] = [
  ...expressKinds,
  ...fastifyKinds,
  ...koaKinds,
  ...honoKinds,
  ...nestKinds,
  ...plainKinds,
];

/** Those that speak HTTP/1.1 without TLS, which a test can write to byte by byte. */
export const plainHttp1Kinds = kinds.filter(
  ({ scheme, protocol }) => scheme === 'http' && protocol === '1.1',
);
