import { once } from 'node:events';
import type { Server } from 'node:net';
import { type HttpBindings, serve } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import type { StatusCode } from 'hono/utils/http-status';
import { closerOf, listenOn } from '../support/listening.js';
import { failure, type Kind } from './app.js';

export const honoKinds: readonly Kind[] = [
  {
    name: 'Hono',
    scheme: 'http',
    protocol: '1.1',
    hasRoutes: true,
    create(raw) {
      const app = new Hono<{ Bindings: HttpBindings }>();
      app.onError((_error, c) => c.text('failed', 500));
      let close = async () => {};
      return {
        target: app,
        addRoutes() {
          app.get('/orders/:id', (c) => c.json({ id: c.req.param('id') }));
          app.post('/orders', (c) => c.json({}, 201));
          app.get('/status/:code', (c) => {
            c.status(Number(c.req.param('code')) as StatusCode);
            return c.body(null);
          });
          app.get('/throws', () => {
            throw failure();
          });
          app.get('/rejects', async () => Promise.reject(failure()));
          app.all('/raw/:name', async (c) => {
            await raw(c.env.incoming, c.env.outgoing);
            return RESPONSE_ALREADY_SENT;
          });
        },
        async listen() {
          const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
          close = closerOf(server);
          if (!server.listening) await once(server, 'listening');
          return { port: await listenOn(server), scheme: 'http', protocol: '1.1' };
        },
        close: () => close(),
      };
    },
  },
];
