import * as http from 'node:http';
import { afterEach, beforeEach, describe, expect, type MockInstance, onTestFinished, test, vi } from 'vitest';
import { type HealthOptions, instrument, type Options } from '../../src/index.js';
import { type Form, forms, type OwnHealth } from './own-answers.js';
import { send, sendRaw } from './support/client.js';
import { closerOf, listenOn } from './support/listening.js';
import { observe, useCollector } from './support/service.js';

useCollector();

let written: MockInstance<typeof process.stderr.write>;
beforeEach(() => {
  written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  // Where @hono/node-server complains of a HEAD that is answered by Node's own response, without us too.
  vi.spyOn(console, 'error').mockReturnValue();
});
afterEach(() => void vi.restoreAllMocks());
const clashes = () =>
  written.mock.calls.map(([line]) => String(line)).filter((line) => line.includes('GET /'));

const health: HealthOptions = { detail: 'never' };

async function start({ create, protocol }: Form, own: OwnHealth, isInstrumented: boolean) {
  const { target, server, close } = await create(own);
  const stop = closerOf(server);
  onTestFinished(async () => {
    await stop();
    await close?.();
  });
  const telemetry = isInstrumented ? observe(instrument(target, { health })) : undefined;
  const port = await listenOn(server);
  const ask = async (method: string, path: string) => {
    if (protocol === '2') {
      const { date: _date, ...headers } = (await send({ port, scheme: 'http', protocol }, { method, path }))
        .headers;
      return JSON.stringify(headers);
    }
    const answer = await sendRaw(
      port,
      `${method} ${path} HTTP/1.1\r\nHost: a\r\nUser-Agent: kube-probe/1.31\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
    );
    return withoutChunks(answer.replace(/\r\nDate: [^\r]*/, ''));
  };
  return { ask, telemetry, port };
}

/** Where a chunk ends depends on when it was written, and is nothing that a client is shown. */
function withoutChunks(answer: string): string {
  const bodyAt = answer.indexOf('\r\n\r\n') + 4;
  if (!/\r\ntransfer-encoding: chunked/i.test(answer.slice(0, bodyAt))) return answer;
  let body = '';
  for (let at = bodyAt; ; ) {
    const lineEnd = answer.indexOf('\r\n', at);
    const size = Number.parseInt(answer.slice(at, lineEnd), 16);
    if (!(size > 0)) return answer.slice(0, bodyAt) + body + answer.slice(at);
    body += answer.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}

const says = (status: number, body: string): OwnHealth => ({ status, body, asked: 0 });

describe.each(forms.map((form) => [form.name, form] as const))('%s', (_name, form) => {
  test.each(['well', 'ill'])(
    'answers as without us, when it is %s first, and as it changes',
    async (first) => {
      const states = first === 'well' ? ([200, 503, 200] as const) : ([503, 200, 503] as const);
      const runs = await Promise.all(
        [false, true].map(async (isInstrumented) => {
          const own = says(200, 'own');
          const { ask } = await start(form, own, isInstrumented);
          const answers: string[] = [];
          for (const status of states) {
            Object.assign(own, { status, body: status === 200 ? 'own' : 'database down' });
            for (const method of ['GET', 'HEAD', 'GET']) answers.push(await ask(method, '/health'));
          }
          return { answers, asked: own.asked };
        }),
      );
      const [bare, instrumented] = runs;
      expect(instrumented?.answers).toEqual(bare?.answers);
      // Each of them asks once, and no other way.
      expect(instrumented?.asked).toBe(bare?.asked);
      expect(clashes()).toHaveLength(1);
      expect(clashes()[0]).toContain('/health of its own');
    },
  );

  test('leaves the other probes to us, and asks once for each', async () => {
    const own = says(503, 'down');
    const { ask, telemetry } = await start(form, own, true);
    for (const path of ['/health/live', '/health/ready', '/health/startup']) {
      // What is mounted at /health has what is below it as well.
      if ((await bareAnswer(form, path)).startsWith('HTTP/1.1 503')) continue;
      for (const _ of [1, 2]) expect(await ask('GET', path)).toMatch(/200/);
    }
    expect(await telemetry?.spans(0)).toEqual([]);
  });
});

async function bareAnswer(form: Form, path: string): Promise<string> {
  const { ask } = await start(form, says(503, 'down'), false);
  return ask('GET', path);
}

describe('an application that is asked', () => {
  /** A server that answers each request in some way, and what it was asked. */
  async function serve(
    answer: (req: http.IncomingMessage, res: http.ServerResponse) => void,
    options: Options = { health },
  ) {
    const asked: string[] = [];
    const server = http.createServer((req, res) => {
      asked.push(`${req.method} ${req.url}`);
      answer(req, res);
    });
    onTestFinished(closerOf(server));
    const telemetry = observe(instrument(server, options));
    const port = await listenOn(server);
    const get = (path = '/health', headers: Record<string, string> = {}, method = 'GET') =>
      send({ port, scheme: 'http', protocol: '1.1' }, { path, headers, method });
    return { asked, get, telemetry, server, port };
  }
  const pass = { status: 200, body: '{"status":"pass"}' };

  test('and has nothing there is asked once, and leaves no trace in the answer', async () => {
    const { asked, get, telemetry } = await serve((_req, res) => {
      res.statusMessage = 'Nothing';
      res.setHeader('set-cookie', 'a=b');
      res.setHeader('content-length', '4');
      res.writeHead(404, { 'x-app': 'yes' });
      res.write('no');
      res.end('ne');
    });
    const { headers: first } = await get();
    const { headers: second } = await get();
    const answers = [await get(), await get('/health?x')];
    for (const answer of answers) expect(answer).toMatchObject(pass);
    const { date: _a, ...wanted } = second;
    const { date: _b, ...found } = first;
    expect(found).toEqual(wanted);
    expect(asked).toEqual(['GET /health']);
    expect(clashes()).toEqual([]);
    expect(await telemetry.spans(0)).toEqual([]);
    const probes = await telemetry.points('golden_signals.health.probes');
    expect(probes.map(({ value }) => value)).toEqual([4]);
    expect(telemetry.newest('http.server.request.duration')).toEqual([]);
  });

  test('many probes at the same time ask it once', async () => {
    const { asked, get } = await serve((_req, res) => setImmediate(() => res.writeHead(404).end()));
    const answers = await Promise.all(Array.from({ length: 20 }, () => get()));
    for (const answer of answers) expect(answer).toMatchObject(pass);
    expect(asked).toEqual(['GET /health']);
  });

  test('and answers itself has each of many probes at the same time', async () => {
    let count = 0;
    const { get } = await serve((req, res) => {
      if (req.url !== '/health') {
        res.writeHead(404).end();
        return;
      }
      count += 1;
      res.writeHead(count < 3 ? 503 : 200).end(`own ${count}`);
    });
    const answers = await Promise.all(Array.from({ length: 10 }, () => get()));
    expect(answers.filter(({ status }) => status === 503)).toHaveLength(2);
    expect(answers.map(({ body }) => body).sort()).toEqual(
      Array.from({ length: 10 }, (_, index) => `own ${index + 1}`).sort(),
    );
  });

  test.each([401, 403, 407, 302])(
    'and turns everybody away with %i is asked once for each kind of caller',
    async (status) => {
      const { asked, get } = await serve((req, res) => {
        if (req.headers.authorization === undefined) res.writeHead(status, { location: '/login' }).end();
        else res.writeHead(503).end('own');
      });
      for (const _ of [1, 2]) expect(await get()).toMatchObject(pass);
      expect(asked).toHaveLength(1);
      // One that it lets in has its own answer, and the others are still turned away by it and answered here.
      for (const _ of [1, 2])
        expect(await get('/health', { authorization: 'x' })).toMatchObject({ status: 503, body: 'own' });
      expect(await get()).toMatchObject(pass);
    },
  );

  test('and has too much to do is asked again', async () => {
    let isBusy = true;
    const { get } = await serve((_req, res) => {
      res.writeHead(isBusy ? 429 : 503).end('own');
    });
    expect(await get()).toMatchObject(pass);
    isBusy = false;
    expect(await get()).toMatchObject({ status: 503, body: 'own' });
  });

  test('and sends a page for everything keeps it for browsers, and its failures', async () => {
    let status = 200;
    const page = '<!doctype html><title>shop</title><div id="root"></div>';
    const { get } = await serve((_req, res) => {
      res.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(page);
    });
    for (const _ of [1, 2]) expect(await get()).toMatchObject(pass);
    expect(await get('/health', { accept: 'text/html,*/*;q=0.8' })).toMatchObject({
      status: 200,
      body: page,
    });
    expect(clashes()).toHaveLength(1);
    expect(clashes()[0]).toContain('with a page');
    status = 500;
    expect(await get()).toMatchObject({ status: 500, body: page });
  });

  test('that redirects to the same path with a slash gives its own answer there', async () => {
    const { get } = await serve((req, res) => {
      if (req.url === '/health') res.writeHead(301, { location: '/health/' }).end();
      else res.writeHead(req.url === '/health/' ? 503 : 404).end('own');
    });
    expect(await get()).toMatchObject({ status: 301 });
    expect(await get('/health/')).toMatchObject({ status: 503, body: 'own' });
  });

  test('and does not answer in time is heard when it does', async () => {
    const waiting: http.ServerResponse[] = [];
    let isSlow = true;
    const failures: unknown[] = [];
    const { get } = await serve((_req, res) => {
      const answer = () => {
        try {
          res.statusCode = 503;
          res.setHeader('content-type', 'text/plain');
          failures.push(res.headersSent);
          res.end('own');
          failures.push(res.writableEnded);
        } catch (error) {
          failures.push(error);
        }
      };
      if (isSlow) {
        waiting.push(res);
        res.once('late', answer);
      } else answer();
    });
    // Nothing is what it says for now.
    expect(await get()).toMatchObject(pass);
    expect(await get()).toMatchObject(pass);
    expect(waiting).toHaveLength(1);
    isSlow = false;
    waiting[0]?.emit('late');
    expect(failures).toEqual([false, true]);
    expect(await get()).toMatchObject({ status: 503, body: 'own' });
  });

  test('and cuts the connection does so, and is asked again', async () => {
    let isCut = true;
    const { get } = await serve((req, res) => {
      if (isCut) req.socket.destroy();
      else res.writeHead(503).end('own');
    });
    await expect(get()).rejects.toThrow();
    isCut = false;
    expect(await get()).toMatchObject({ status: 503 });
  });

  test('and has one listener more is asked again at once', async () => {
    const { get, server } = await serve((_req, res) => void res.writeHead(404).end());
    expect(await get()).toMatchObject(pass);
    server.removeAllListeners('request');
    server.on('request', (_req, res) => void res.writeHead(503).end('own'));
    expect(await get()).toMatchObject({ status: 503, body: 'own' });
  });

  test('is not asked where it is overridden', async () => {
    const { asked, get } = await serve((_req, res) => void res.writeHead(503).end('own'), {
      health: { detail: 'never', override: true },
    });
    expect(await get()).toMatchObject(pass);
    expect([asked, clashes()]).toEqual([[], []]);
  });

  test('keeps its own answer while we are about to end, and ours says so', async () => {
    const { get, telemetry } = await serve((req, res) => {
      if (req.url === '/health/ready') res.end('own');
      else res.writeHead(404).end();
    });
    expect(await get('/health/ready')).toMatchObject({ status: 200, body: 'own' });
    telemetry.signals.health.markNotReady();
    expect(await get('/health/ready')).toMatchObject({ status: 200, body: 'own' });
    telemetry.signals.health.markDead('deadlock');
    expect((await get('/health/live')).status).toBe(503);
  });

  test('keeps its own metrics, and one line says how to have both', async () => {
    const { get, asked } = await serve(
      (req, res) => {
        if (req.url === '/metrics') res.end('own_metric 1\n');
        else res.writeHead(404).end();
      },
      { metrics: { prometheus: {} } },
    );
    for (const _ of [1, 2]) expect((await get('/metrics')).body).toBe('own_metric 1\n');
    expect(asked.filter((call) => call === 'GET /metrics')).toHaveLength(2);
    expect(clashes().map((line) => line.includes('metrics.prometheus.path moves'))).toEqual([true]);
  });

  test.each<[string, (req: http.IncomingMessage, res: http.ServerResponse) => void]>([
    ['a text', (_req, res) => void res.end('ok')],
    [
      'a text by a head of its own and in pieces',
      (_req, res) => {
        res.writeHead(200, { 'content-type': 'text/plain' });
        res.write('he');
        setImmediate(() => res.end('llo'));
      },
    ],
    ['nothing', (_req, res) => void res.writeHead(204).end()],
    ['a long one', (_req, res) => void res.end('x'.repeat(100_000))],
  ])('and answers everything with %s leaves the probes to us', async (_name, answer) => {
    const { asked, get, telemetry } = await serve(answer);
    for (const path of ['/health', '/health/live', '/health/ready', '/health']) {
      expect(await get(path)).toMatchObject(pass);
      expect((await get(path, {}, 'HEAD')).status).toBe(200);
    }
    expect(clashes()).toEqual([]);
    // What it was asked to find that out is no traffic.
    expect(asked.some((call) => /^GET \/h[0-9a-f-]{36}$/.test(call))).toBe(true);
    expect(await telemetry.spans(0)).toEqual([]);
    expect(telemetry.newest('http.server.request.duration')).toEqual([]);
    expect((await get('/else')).status).toBeLessThan(300);
    expect(await telemetry.spans(1)).toHaveLength(1);
  });

  test('and answers everything keeps what it says at a path of its own', async () => {
    let isWell = true;
    const { get } = await serve((req, res) => {
      if (req.url !== '/health') res.end('x');
      else res.writeHead(isWell ? 200 : 503).end('own');
    });
    for (const _ of [1, 2]) expect(await get()).toMatchObject({ status: 200, body: 'own' });
    isWell = false;
    expect(await get()).toMatchObject({ status: 503, body: 'own' });
    expect(await get('/health/ready')).toMatchObject(pass);
  });

  test('and fails everything at first leaves the probes to us when it is well', async () => {
    let status = 500;
    const { get } = await serve((_req, res) => void res.writeHead(status).end('x'));
    expect(await get()).toMatchObject({ status: 500, body: 'x' });
    status = 200;
    expect(await get()).toMatchObject(pass);
  });
});
