import * as http from 'node:http';
import Router from '@koa/router';
import { closerOf, listenOn } from '../support/listening.js';
import { failure, type Kind } from './app.js';

interface Context {
  readonly req: http.IncomingMessage;
  readonly res: http.ServerResponse;
  readonly params: Readonly<Record<string, string>>;
  respond: boolean;
  status: number;
  body: unknown;
}

export interface Koa {
  silent: boolean;
  use(middleware: unknown): this;
  callback(): http.RequestListener;
  listen(port: number, host: string, done: () => void): http.Server;
}

export const koa3 = require('koa') as new () => Koa;
export const koa2 = require('koa2') as new () => Koa;

function kind(version: 2 | 3, KoaClass: new () => Koa): Kind {
  return {
    name: `Koa ${version}`,
    scheme: 'http',
    protocol: '1.1',
    hasRoutes: true,
    create(raw) {
      const app = new KoaClass();
      app.silent = true;
      const server = http.createServer();
      return {
        target: app,
        addRoutes() {
          const router = new Router();
          router.get('/orders/:id', (ctx: Context) => {
            ctx.body = { id: ctx.params.id };
          });
          router.post('/orders', (ctx: Context) => {
            ctx.status = 201;
            ctx.body = {};
          });
          router.get('/status/:code', (ctx: Context) => {
            ctx.status = Number(ctx.params.code);
            ctx.body = null;
            ctx.status = Number(ctx.params.code);
          });
          router.get('/throws', () => {
            throw failure();
          });
          router.get('/rejects', async () => Promise.reject(failure()));
          router.all('/raw/:name', async (ctx: Context) => {
            ctx.respond = false;
            ctx.res.statusCode = 200;
            await raw(ctx.req, ctx.res);
          });
          app.use(router.routes());
          app.use(router.allowedMethods());
        },
        async listen() {
          server.on('request', app.callback());
          return { port: await listenOn(server), scheme: 'http', protocol: '1.1' };
        },
        close: closerOf(server),
      };
    },
  };
}

export const koaKinds: readonly Kind[] = [kind(3, koa3), kind(2, koa2)];
