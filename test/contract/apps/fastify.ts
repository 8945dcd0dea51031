import type { AddressInfo } from 'node:net';
import fastify5 from 'fastify';
import { closerOf } from '../support/listening.js';
import { failure, type Kind } from './app.js';

// What is used here is the same in both versions.
const fastify4 = require('fastify4') as typeof fastify5;

function kind(version: 4 | 5, fastify: typeof fastify5): Kind {
  return {
    name: `fastify ${version}`,
    scheme: 'http',
    protocol: '1.1',
    hasRoutes: true,
    create(raw) {
      const app = fastify();
      const closeConnections = closerOf(app.server);
      return {
        target: app,
        addRoutes() {
          // The body is left to the handler.
          app.addContentTypeParser('*', (_request, _payload, done) => done(null));
          app.get<{ Params: { id: string } }>('/orders/:id', async ({ params }) => ({ id: params.id }));
          app.post('/orders', async (_request, reply) => reply.code(201).send({}));
          app.get<{ Params: { code: string } }>('/status/:code', (request, reply) => {
            reply.code(Number(request.params.code)).send();
          });
          app.get('/throws', () => {
            throw failure();
          });
          app.get('/rejects', async () => Promise.reject(failure()));
          app.all('/raw/:name', async (request, reply) => {
            reply.hijack();
            return raw(request.raw, reply.raw);
          });
        },
        async listen() {
          await app.listen({ port: 0, host: '127.0.0.1' });
          return { port: (app.server.address() as AddressInfo).port, scheme: 'http', protocol: '1.1' };
        },
        async close() {
          await closeConnections();
          await app.close();
        },
      };
    },
  };
}

export const fastifyKinds: readonly Kind[] = [kind(5, fastify5), kind(4, fastify4)];
