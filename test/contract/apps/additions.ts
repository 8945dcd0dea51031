import type { ServerResponse } from 'node:http';
import Router from '@koa/router';
import type { Kind } from './app.js';

interface Routes {
  get(path: string, handler: (first: unknown, second: unknown) => unknown): void;
}

interface Middlewares {
  use(middleware: (first: never, second: never) => unknown): void;
  addHook(name: string, hook: (request: unknown, reply: never) => unknown): void;
}

/** The same application with something added before its own routes; not for Node's own servers. */
function withAddition(kind: Kind, add: (target: unknown) => void): Kind {
  return {
    ...kind,
    async create(raw) {
      const app = await kind.create(raw);
      return {
        ...app,
        addRoutes() {
          add(app.target);
          return app.addRoutes();
        },
      };
    },
  };
}

/** With a GET route that answers 'mine'. */
export function withRoute(kind: Kind, path: string): Kind {
  const { name } = kind;
  return withAddition(kind, (target) => {
    if (name.startsWith('Koa')) {
      const router = new Router();
      router.get(path, (ctx: { body: unknown }) => {
        ctx.body = 'mine';
      });
      (target as Middlewares).use(router.routes() as never);
    } else if (name === 'Hono') {
      (target as Routes).get(path, (c) => (c as { text(body: string): unknown }).text('mine'));
    } else {
      const routes = name.startsWith('Nest')
        ? (target as { getHttpAdapter(): Routes }).getHttpAdapter()
        : (target as Routes);
      routes.get(path, (_req, reply) => void (reply as { send(body: string): void }).send('mine'));
    }
  });
}

/** With a middleware, in front of everything, that answers 401 to everybody. */
export function withRefusal(kind: Kind): Kind {
  const { name } = kind;
  return withAddition(kind, (target) => {
    const app = target as Middlewares;
    if (name.startsWith('Koa')) {
      app.use((ctx: { status: number }) => {
        ctx.status = 401;
      });
    } else if (name === 'Hono') {
      app.use(async (c: { text(body: string, status: number): unknown }) => c.text('', 401));
    } else if (name.startsWith('fastify')) {
      app.addHook('onRequest', async (_request, reply: { code(status: number): { send(): unknown } }) =>
        reply.code(401).send(),
      );
    } else app.use((_req: unknown, res: ServerResponse) => void res.writeHead(401).end());
  });
}
