// One instance of the service: node instance.cjs <framework> <variant> <name>. It prints its port when it listens.
const [, , framework, variant, name] = process.argv;

const handlerMs = 10;
const recommendedDelayMs = 5_000;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const frameworks = {
  express() {
    const app = require('express')();
    app.get('/work/:id', async (_req, res) => {
      await sleep(handlerMs);
      res.set('x-instance', name).json({ ok: true });
    });
    return {
      app,
      listen: () =>
        new Promise((resolve) => {
          const server = app.listen(0, '127.0.0.1', () => resolve(server));
        }),
      close: (server) => new Promise((resolve) => server.close(resolve)),
    };
  },
  fastify() {
    const app = require('fastify')();
    app.get('/work/:id', async (_request, reply) => {
      await sleep(handlerMs);
      reply.header('x-instance', name);
      return { ok: true };
    });
    return {
      app,
      async listen() {
        await app.listen({ port: 0, host: '127.0.0.1' });
        return app.server;
      },
      close: () => app.close(),
    };
  },
};

const variants = {
  /** Nothing at all: Node dies of the signal. */
  plain() {},
  /** What most services write. */
  close(server, { close }) {
    process.once('SIGTERM', () => close(server).then(() => process.exit(0)));
  },
  terminus(server) {
    const { createTerminus } = require('@godaddy/terminus');
    createTerminus(server, { signals: ['SIGTERM'], healthChecks: { '/health': async () => {} } });
  },
  /** As its README advises for Kubernetes. */
  'terminus-delay'(server) {
    const { createTerminus } = require('@godaddy/terminus');
    createTerminus(server, {
      signals: ['SIGTERM'],
      healthChecks: { '/health': async () => {} },
      beforeShutdown: () => sleep(recommendedDelayMs),
    });
  },
  ours(_server, { app }) {
    const { instrument } = require(process.env.BENCH_OURS);
    instrument(app, { shutdown: JSON.parse(process.env.BENCH_SHUTDOWN ?? '{}') });
  },
};

const made = frameworks[framework]();
if (variant === 'ours') variants.ours(undefined, made);
made.listen().then((server) => {
  if (variant !== 'ours') variants[variant](server, made);
  process.stdout.write(`port ${server.address().port}\n`);
});
