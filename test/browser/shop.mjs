// A console out of dist, and a small shop of real services that sends to it: for browser tests, and for a person who looks at the page.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Starts a console on a free port; `url` is that of its page. */
export async function startConsole(flags = [], port = 0) {
  const child = spawn(
    process.execPath,
    [path('../../dist/cli/main.js'), 'console', '--port', String(port), ...flags],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  process.once('exit', () => child.kill());
  child.stdout.setEncoding('utf8');
  let said = '';
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    said += chunk;
    if (said.includes('none of it on disk')) break;
  }
  const [, url] = /(http:\/\/\S+\/)/.exec(said);
  return { url, child, stop: () => stopped(child) };
}

async function startService(name, env) {
  const inherited = Object.entries(process.env).filter(([variable]) => !variable.startsWith('OTEL_'));
  const child = fork(path('services/service.mjs'), {
    env: { ...Object.fromEntries(inherited), ...env, NAME: name },
  });
  const [port] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`${name} ended with ${code}`))),
  ]);
  return { name, child, url: `http://127.0.0.1:${port}`, stop: () => stopped(child) };
}

async function stopped(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** Starts the shop; every service sends to the console at `url`. */
export async function startShop(url) {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: url.replace(/\/$/, ''),
    OTEL_RESOURCE_ATTRIBUTES: 'service.version=1.4.2',
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
    OTEL_BSP_SCHEDULE_DELAY: '500',
    OTEL_BLRP_SCHEDULE_DELAY: '500',
  };
  const [catalog, payments] = await Promise.all([
    startService('catalog', env),
    startService('payments', env),
  ]);
  const orders = await startService('orders', { ...env, UPSTREAMS: `payments=${payments.url}` });
  const web = await startService('web', { ...env, UPSTREAMS: `catalog=${catalog.url},orders=${orders.url}` });
  const services = { web, orders, payments, catalog };
  const agent = new Agent({ keepAlive: true, maxSockets: 40 });
  const ask = (base, method, to, body) =>
    new Promise((resolve) => {
      const req = request(
        `${base}${to}`,
        { agent, method, headers: { 'content-type': 'application/json' } },
        (res) => {
          res.resume();
          res.on('end', () => resolve(res.statusCode));
        },
      );
      req.on('error', () => resolve(0));
      req.end(body);
    });
  const requests = [
    ['POST', '/checkout'],
    ['GET', '/'],
    ['GET', '/items/12'],
    ['POST', '/checkout'],
    ['GET', '/items/9'],
  ];
  let sent = 0;
  const customers = setInterval(() => {
    const [method, to] = requests[sent % requests.length];
    sent += 1;
    void ask(web.url, method, to);
  }, 150);
  return {
    services,
    /** Sets a fault of a service: `slowMs`, `failShare`, `blockMs`. Over a connection of its own, as a kept one may be closed by now. */
    async fault(name, fault) {
      const response = await fetch(`${services[name].url}/fault`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify(fault),
      });
      if (!response.ok) throw new Error(`${name} answered ${response.status} to a fault`);
    },
    async stop() {
      clearInterval(customers);
      agent.destroy();
      await Promise.all(Object.values(services).map((service) => service.stop()));
    },
  };
}
