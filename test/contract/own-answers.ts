import 'reflect-metadata';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import type { Server } from 'node:net';
import { Readable } from 'node:stream';
import fastifyExpress from '@fastify/express';
import { createTerminus } from '@godaddy/terminus';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import Router from '@koa/router';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import express5 from 'express';
import fastify5, { type FastifyInstance } from 'fastify';
import { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { koa2, koa3 } from './apps/koa.js';

const express4 = require('express4') as typeof express5;
const fastify4 = require('fastify4') as typeof fastify5;
const mount = require('koa-mount') as (prefix: string, app: unknown) => unknown;

/** What the application's own health says at the moment. */
export interface OwnHealth {
  status: number;
  body: string;
  /** How often it was asked. */
  asked: number;
}

/** A way of answering `/health` that no list of routes tells of. Everything else is 404. */
export interface Form {
  readonly name: string;
  readonly protocol: '1.1' | '2';
  /** Gives what instrument() is handed, and the server, which does not listen yet. */
  create(health: OwnHealth): Promise<Made> | Made;
}

export interface Made {
  readonly target: unknown;
  readonly server: Server;
  close?(): Promise<unknown>;
}

const say = (health: OwnHealth) => {
  health.asked += 1;
  return health;
};

type ExpressApp = ReturnType<typeof express5>;
const expressForms = (name: string, express: typeof express5): Form[] => {
  const form = (title: string, add: (app: ExpressApp, health: OwnHealth) => void): Form => ({
    name: `${name}: ${title}`,
    protocol: '1.1',
    create(health) {
      const app = express();
      app.set('env', 'test');
      app.get('/orders', (_req, res) => void res.send('orders'));
      add(app, health);
      return { target: app, server: http.createServer(app) };
    },
  });
  return [
    form('app.use(path, fn)', (app, health) => {
      app.use('/health', (_req, res) => void res.status(say(health).status).send(health.body));
    }),
    form('a mounted application', (app, health) => {
      const mounted = express();
      mounted.get('/', (_req, res) => void res.status(say(health).status).json({ own: health.body }));
      app.use('/health', mounted);
    }),
    form('a regular expression', (app, health) => {
      app.all(/^\/health$/, (_req, res) => void res.status(say(health).status).send(health.body));
    }),
    form('a route with parameters', (app, health) => {
      app.get('/:page', (req, res, next) => {
        if (req.params.page !== 'health') next();
        else res.status(say(health).status).type('text/plain').send(health.body);
      });
    }),
    form('middleware for everything, with Node’s own methods', (app, health) => {
      app.use((req, res, next) => {
        if (req.path !== '/health') next();
        else res.writeHead(say(health).status, { 'X-Own': 'yes' }).end(health.body);
      });
    }),
    form('a stream', (app, health) => {
      app.use('/health', (_req, res) => {
        res.status(say(health).status);
        Readable.from([health.body, ' and ', 'more']).pipe(res);
      });
    }),
    form('an error handler', (app, health) => {
      app.use('/health', () => {
        throw new Error('down');
      });
      app.use(((_error, _req, res, _next) => {
        res.status(say(health).status).send(health.body);
      }) as express5.ErrorRequestHandler);
    }),
  ];
};

const fastifyForms = (name: string, fastify: typeof fastify5): Form[] => {
  const form = (
    title: string,
    add: (app: FastifyInstance, health: OwnHealth) => Promise<void> | void,
  ): Form => ({
    name: `${name}: ${title}`,
    protocol: '1.1',
    async create(health) {
      const app = fastify();
      app.get('/orders', async () => 'orders');
      await add(app, health);
      await app.ready();
      return { target: app, server: app.server, close: () => app.close() };
    },
  });
  return [
    form('an onRequest hook', (app, health) => {
      app.addHook('onRequest', async (request, reply) => {
        if (request.url !== '/health') return undefined;
        return reply.code(say(health).status).send(health.body);
      });
    }),
    form('a hook that takes the response over', (app, health) => {
      app.addHook('onRequest', async (request, reply) => {
        if (request.url !== '/health') return;
        reply.hijack();
        reply.raw.statusCode = say(health).status;
        reply.raw.end(health.body);
      });
    }),
    form('a route with a constraint', (app, health) => {
      app.get('/health', { constraints: { host: /.*/ } }, async (_request, reply) =>
        reply.code(say(health).status).send({ own: health.body }),
      );
    }),
    form('a route with parameters', (app, health) => {
      app.get<{ Params: { page: string } }>('/:page', async ({ params }, reply) => {
        if (params.page !== 'health') return reply.callNotFound();
        return reply.code(say(health).status).send(health.body);
      });
    }),
    form('a handler for what is not found', (app, health) => {
      app.setNotFoundHandler((request, reply) => {
        if (request.url === '/health') reply.code(say(health).status).send(health.body);
        else reply.code(404).send('none');
      });
    }),
  ];
};

const middie: Form = {
  name: 'fastify 5: express middleware',
  protocol: '1.1',
  async create(health) {
    const app = fastify5();
    await app.register(fastifyExpress);
    app.use('/health', (_req: unknown, res: http.ServerResponse) => {
      res.statusCode = say(health).status;
      res.end(health.body);
    });
    await app.ready();
    return { target: app, server: app.server, close: () => app.close() };
  },
};

interface KoaContext {
  readonly path: string;
  readonly res: http.ServerResponse;
  status: number;
  body: unknown;
  respond: boolean;
}

const koaForms = (name: string, Koa: typeof koa3): Form[] => {
  const form = (title: string, add: (app: InstanceType<typeof Koa>, health: OwnHealth) => void): Form => ({
    name: `${name}: ${title}`,
    protocol: '1.1',
    create(health) {
      const app = new Koa();
      app.silent = true;
      add(app, health);
      return { target: app, server: http.createServer(app.callback()) };
    },
  });
  const answer = (ctx: KoaContext, health: OwnHealth) => {
    ctx.status = say(health).status;
    ctx.body = health.body;
  };
  return [
    form('middleware', (app, health) => {
      app.use(async (ctx: KoaContext, next: () => Promise<void>) => {
        if (ctx.path === '/health') answer(ctx, health);
        else await next();
      });
    }),
    form('a mounted application', (app, health) => {
      app.use(
        mount(
          '/health',
          new Koa().use((ctx: KoaContext) => answer(ctx, health)),
        ),
      );
    }),
    form('a stream', (app, health) => {
      app.use((ctx: KoaContext) => {
        if (ctx.path !== '/health') return;
        answer(ctx, health);
        ctx.body = Readable.from([health.body, ' and more']);
      });
    }),
    form('a response of its own', (app, health) => {
      app.use((ctx: KoaContext) => {
        if (ctx.path !== '/health') return;
        ctx.respond = false;
        ctx.res.writeHead(say(health).status, ['X-Own', 'yes']);
        ctx.res.end(health.body);
      });
    }),
    form('a route with parameters', (app, health) => {
      const router = new Router();
      router.get('/:page', (ctx: KoaContext & { params: { page: string } }, next: () => Promise<void>) => {
        if (ctx.params.page !== 'health') return next();
        answer(ctx, health);
        return undefined;
      });
      app.use(router.routes());
    }),
  ];
};

const honoForm = (
  title: string,
  add: (app: Hono<{ Bindings: HttpBindings }>, health: OwnHealth) => void,
): Form => ({
  name: `Hono: ${title}`,
  protocol: '1.1',
  create(health) {
    const app = new Hono<{ Bindings: HttpBindings }>();
    add(app, health);
    return { target: app, server: createAdaptorServer({ fetch: app.fetch }) as Server };
  },
});

const honoForms: Form[] = [
  honoForm('middleware for everything', (app, health) => {
    app.use('*', async (c, next) => {
      if (c.req.path !== '/health') return next();
      return c.text(say(health).body, health.status as ContentfulStatusCode);
    });
  }),
  honoForm('middleware at the path', (app, health) => {
    app.use('/health', async (c, _next) => c.json({ own: say(health).body }, health.status as 200));
  }),
  honoForm('a route with parameters', (app, health) => {
    app.get('/:page', (c) =>
      c.req.param('page') === 'health' ? c.text(say(health).body, health.status as 200) : c.notFound(),
    );
  }),
  honoForm('a mounted application', (app, health) => {
    app.mount('/', async (request) =>
      new URL(request.url).pathname === '/health'
        ? new Response(say(health).body, { status: health.status })
        : new Response('none', { status: 404 }),
    );
  }),
  honoForm('Node’s own response', (app, health) => {
    app.use('*', async (c, next) => {
      if (c.req.path !== '/health') return next();
      c.env.outgoing.writeHead(say(health).status, { 'X-Own': 'yes' });
      c.env.outgoing.end(health.body);
      return RESPONSE_ALREADY_SENT;
    });
  }),
  honoForm('a handler for what is not found', (app, health) => {
    app.notFound((c) =>
      c.req.path === '/health' ? c.text(say(health).body, health.status as 200) : c.text('none', 404),
    );
  }),
];

const nestForms: Form[] = (['express', 'fastify'] as const).map((adapter) => ({
  name: `NestJS on ${adapter}: middleware`,
  protocol: '1.1',
  async create(health) {
    class Root {}
    Module({})(Root);
    const app = await NestFactory.create(
      Root,
      adapter === 'express' ? new ExpressAdapter() : new FastifyAdapter(),
      { logger: false },
    );
    app.use((req: http.IncomingMessage, res: http.ServerResponse, next: () => void) => {
      if ((req as { originalUrl?: string }).originalUrl !== '/health' && req.url !== '/health') next();
      else {
        res.statusCode = say(health).status;
        res.end(health.body);
      }
    });
    await app.init();
    if (adapter === 'fastify') await (app.getHttpAdapter().getInstance() as FastifyInstance).ready();
    return { target: app, server: app.getHttpServer() as Server, close: () => app.close() };
  },
}));

const listen =
  (health: OwnHealth): http.RequestListener =>
  (req, res) => {
    if (req.url !== '/health') {
      res.statusCode = 404;
      res.end('none');
      return;
    }
    res.setHeader('x-own', 'yes');
    res.statusCode = say(health).status;
    res.end(health.body);
  };

const plain = (title: string, create: Form['create'], protocol: '1.1' | '2' = '1.1'): Form => ({
  name: title,
  protocol,
  create,
});

const plainForms: Form[] = [
  plain('http: a listener', (health) => {
    const server = http.createServer(listen(health));
    return { target: server, server };
  }),
  plain('http: a listener that begins with the head, and goes on later', (health) => {
    const server = http.createServer((req, res) => {
      if (req.url !== '/health') return void res.writeHead(404).end();
      res.writeHead(say(health).status, 'As it is', { 'Content-Type': 'text/html' });
      setImmediate(() => {
        res.write('own ');
        setImmediate(() => res.end(health.body, 'utf8', () => {}));
      });
    });
    return { target: server, server };
  }),
  plain('http: a listener that sends its head at once', (health) => {
    const server = http.createServer((req, res) => {
      if (req.url !== '/health') return void res.writeHead(404).end();
      res.setHeader('content-type', 'text/plain');
      res.statusCode = say(health).status;
      res.flushHeaders();
      setImmediate(() => res.end(health.body));
    });
    return { target: server, server };
  }),
  plain('http: a listener that has an express application behind it', (health) => {
    const app = express5();
    app.set('env', 'test');
    app.use('/health', (_req, res) => void res.status(say(health).status).send(health.body));
    return { target: app, server: http.createServer((req, res) => app(req, res)) };
  }),
  plain(
    'http2: a listener',
    (health) => {
      const server = http2.createServer(listen(health) as never);
      return { target: server, server };
    },
    '2',
  ),
  plain('terminus', (health) => {
    const app = express5();
    app.set('env', 'test');
    const server = http.createServer(app);
    createTerminus(server, {
      healthChecks: {
        '/health': async () => {
          if (say(health).status !== 200) throw new Error(health.body);
          return health.body;
        },
      },
      signals: [],
      logger: () => {},
    });
    return { target: server, server };
  }),
];

export const forms: readonly Form[] = [
  ...expressForms('express 5', express5),
  ...expressForms('express 4', express4),
  ...fastifyForms('fastify 5', fastify5),
  ...fastifyForms('fastify 4', fastify4),
  middie,
  ...koaForms('Koa 3', koa3),
  ...koaForms('Koa 2', koa2),
  ...honoForms,
  ...nestForms,
  ...plainForms,
];
