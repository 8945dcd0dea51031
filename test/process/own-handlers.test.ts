import { describe, expect, onTestFinished, test } from 'vitest';
import { startOtlpReceiver } from '../support/otlp-receiver.js';
import { startProgram } from './support/child.js';
import { get } from './support/requests.js';

/** Nothing is exported before the end unless something else asks for it. */
async function collector() {
  const receiver = await startOtlpReceiver();
  onTestFinished(() => receiver.close());
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_BSP_SCHEDULE_DELAY: '600000',
    OTEL_METRIC_EXPORT_INTERVAL: '600000',
    OTEL_EXPORTER_OTLP_TIMEOUT: '600000',
  };
  return { receiver, env };
}

const silent = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' };

const say = `
  const say = (line) => process.stdout.write(line + '\\n');
  process.on('exit', (code) => say('exit ' + code));
`;
const head = `${say}
  const http = require('node:http');
  const { promisify } = require('node:util');
  const handle = (req, res) => req.url === '/open' ? res.write('x') : req.url === '/slow' ? setTimeout(() => res.end('slow'), 400) : res.end('x');
  let server = http.createServer(handle);
  const begin = (app = server) => process.env.BARE ? undefined : require(process.env.GS_DIST).instrument(app, { service: 'own' });
  const listen = () => server.listen(0, '127.0.0.1', () => say('port ' + server.address().port));
`;
const plain = `${head} begin(); listen();`;

describe('what waits when a signal comes is out, metrics among it,', () => {
  test.each([
    ['once the server has closed', "process.on('SIGTERM', () => server.close(() => process.exit(0)));"],
    [
      'by close-with-grace',
      "require('close-with-grace')({ logger: false }, () => promisify(server.close.bind(server))());",
    ],
  ])('where a handler of the application ends the process %s', async (_when, handler) => {
    const { receiver, env } = await collector();
    const child = await startProgram(`${plain} ${handler}`, env);
    for (let count = 0; count < 3; count += 1) await get(child.port, '/a');
    child.kill('SIGTERM');
    expect(await child.exited).toMatchObject({ code: 0, signal: null });
    expect(receiver.spans()).toHaveLength(3);
    expect(receiver.metrics().map(({ name }) => name)).toContain('http.server.request.duration');
  });

  test('where the process is killed while a stream is open', async () => {
    const { receiver, env } = await collector();
    const child = await startProgram(plain, env);
    await get(child.port, '/a');
    const open = get(child.port, '/open').catch(() => {});
    await get(child.port, '/a');
    child.kill('SIGTERM');
    await receiver.waitForSpans(2);
    await receiver.waitForMetrics(({ name }) => name === 'http.server.request.duration');
    child.kill('SIGKILL');
    await open;
  });

  test('where nodemon starts the process anew, which ends as without us', async () => {
    const { receiver, env } = await collector();
    const child = await startProgram(plain, { ...env, WATCH_REPORT_DEPENDENCIES: '1' });
    await get(child.port, '/a');
    child.kill('SIGUSR2');
    expect(await child.exited).toMatchObject({ code: null, signal: 'SIGUSR2' });
    expect(receiver.spans()).toHaveLength(1);
  });
});

describe('a process without a server', () => {
  const worker = `${say}
    const signals = process.env.BARE ? undefined : require(process.env.GS_DIST).instrument();
    const span = (name) => signals?.tracer.startSpan(name).end();
    process.on('beforeExit', () => say('beforeExit'));
    say('port 0');
  `;

  test('sends what waits when it has nothing left to do, and ends as without us', async () => {
    const { receiver, env } = await collector();
    const program = `${worker} span('job'); process.exitCode = 3;`;
    const ends = [];
    // The line of the start is for people.
    for (const more of [{ BARE: '1' }, { ...env, OTEL_LOG_LEVEL: 'warn' }]) {
      const child = await startProgram(program, more);
      const { code } = await child.exited;
      ends.push([code, child.stdout(), child.stderr()]);
    }
    expect(ends[1]).toEqual(ends[0]);
    expect(receiver.spans().map(({ name }) => name)).toEqual(['job']);
    expect(receiver.metrics().length).toBeGreaterThan(0);
  });

  test('ends at once with a collector that is not there, although others would be tried again', async () => {
    const { receiver, env } = await collector();
    await receiver.behave('refuse');
    const child = await startProgram(`${worker} span('job');`, env);
    expect(await child.exited).toMatchObject({ code: 0 });
  }, 30_000);

  test('goes on with its job after the signal that it handles itself, and all of it is sent', async () => {
    const { receiver, env } = await collector();
    const child = await startProgram(
      `${worker}
       const alive = setInterval(() => {}, 1_000);
       span('before');
       process.once('SIGTERM', () => {
         say('finishing');
         const look = setInterval(() => {
           span('after');
           clearInterval(look);
           clearInterval(alive);
         }, 20);
       });`,
      env,
    );
    child.kill('SIGTERM');
    expect(await child.exited).toMatchObject({ code: 0, signal: null });
    expect(child.stderr()).not.toContain('shutdown:');
    expect(receiver.spans().map(({ name }) => name)).toEqual(['before', 'after']);
  });
});

describe("the application's own shutdown ends as without us, with a request under way,", () => {
  const later = 'await new Promise((resolve) => setTimeout(resolve, 20));';
  const onTerm = (body: string) => `process.once('SIGTERM', async () => { ${body} });`;
  test.each<[string, string]>([
    [
      'of http-terminator',
      `${plain} const t = require('http-terminator').createHttpTerminator({ server }); ${onTerm('await t.terminate(); process.exit(0);')}`,
    ],
    [
      'of terminus',
      `${head} begin(); require('@godaddy/terminus').createTerminus(server, { signals: ['SIGTERM'], useExit0: true, logger() {}, onSignal: async () => say('clean-up') }); listen();`,
    ],
    [
      'of stoppable',
      `${head} server = require('stoppable')(server, 5_000); begin(); listen(); ${onTerm('server.stop((error) => process.exit(error ? 1 : 0));')}`,
    ],
    [
      'with a close() bound at the start and awaited later',
      `${plain} const close = promisify(server.close.bind(server)); ${onTerm(`${later} await close(); say('closed'); process.exit(0);`)}`,
    ],
    [
      "with a 'close' that is listened for only then",
      `${plain} ${onTerm(`${later} server.close(); await require('node:events').once(server, 'close'); say('closed'); process.exit(0);`)}`,
    ],
    [
      "with one 'close' for each listener of before",
      `${plain} server.on('close', () => say('heard')); ${onTerm(`${later} server.close(() => say('closed'));`)}`,
    ],
    [
      'that disposes of the server',
      `${plain} ${onTerm(`${later} await server[Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')](); say('closed');`)}`,
    ],
    [
      'of a second close(), which is an error',
      `${plain} ${onTerm(`${later} server.close(() => server.close((error) => say(String(error?.code))));`)}`,
    ],
    [
      'of fastify, closed twice',
      `${head} const app = require('fastify')(); app.get('/slow', async () => { await new Promise((resolve) => setTimeout(resolve, 400)); return 'slow'; });
       app.get('/a', async () => 'x'); begin(app); server = app.server; app.listen({ port: 0, host: '127.0.0.1' }).then(() => say('port ' + server.address().port));
       ${onTerm(`${later} await app.close(); await app.close(); say('closed');`)}`,
    ],
    [
      'of NestJS',
      `${head} (async () => {
         const { Module } = require('@nestjs/common');
         class App {}
         Module({})(App);
         const app = await require('@nestjs/core').NestFactory.create(App, { logger: false });
         app.use(handle);
         app.enableShutdownHooks();
         begin(app);
         await app.listen(0, '127.0.0.1');
         server = app.getHttpServer();
         say('port ' + server.address().port);
       })();`,
    ],
  ])('%s', async (_what, program) => {
    const ends = [];
    for (const more of [{ BARE: '1' }, silent]) {
      const child = await startProgram(program, more);
      const slow = get(child.port, '/slow');
      await get(child.port, '/a');
      child.kill('SIGTERM');
      const { status } = await slow;
      const { code, signal } = await child.exited;
      ends.push({ status, code, signal, out: child.stdout().replace(/port \d+/, '') });
    }
    const [bare, ours] = ends;
    expect(ours).toEqual(bare);
  });
});

describe('a fastify instance with our plugin', () => {
  test.each(['refuse', 'hang'] as const)(
    'closes soon where a collector would %s',
    async (behaviour) => {
      const { receiver, env } = await collector();
      await receiver.behave(behaviour);
      const child = await startProgram(
        `${say}
       const app = require('fastify')();
       const { fastifySignals } = require(process.env.GS_DIST.replace(/index.js$/, 'fastify.js'));
       app.register(fastifySignals, { service: 'own' });
       app.get('/a', async () => 'x');
       app.get('/close', async () => { setImmediate(() => app.close().then(() => say('closed'))); return 'x'; });
       app.listen({ port: 0, host: '127.0.0.1' }).then(() => say('port ' + app.server.address().port));`,
        { ...env, OTEL_LOGS_EXPORTER: 'otlp' },
      );
      await get(child.port, '/close');
      await child.said('closed');
      expect(await child.exited).toMatchObject({ code: 0 });
    },
    25_000,
  );
});
