import { Agent, get } from 'node:http';

const timeoutMs = 10_000;

/**
 * Keep-alive clients, each with one connection, that together send `perSecond` requests whatever becomes of them. Nothing is sent twice:
 * whatever is not answered with 200 in full has failed.
 */
export function startClients({ port, clients, perSecond }) {
  const answers = [];
  const failures = new Map();
  const open = new Set();
  let sent = 0;

  function send(agent) {
    const id = ++sent;
    const sentAt = performance.now();
    const done = new Promise((resolve) => {
      const fail = (reason) => {
        failures.set(reason, (failures.get(reason) ?? 0) + 1);
        resolve();
      };
      const options = { agent, port, host: '127.0.0.1', path: `/work/${id}`, timeout: timeoutMs };
      const request = get(options, (response) => {
        response.on('error', ({ code }) => fail(code));
        response.on('end', () => {
          if (response.statusCode !== 200) return fail(`status ${response.statusCode}`);
          answers.push({ id, instance: response.headers['x-instance'], sentAt, at: performance.now() });
          return resolve();
        });
        response.resume();
      });
      request.on('timeout', () => request.destroy(Object.assign(new Error(), { code: 'no answer' })));
      request.on('error', ({ code }) => fail(code));
    });
    open.add(done);
    done.then(() => open.delete(done));
  }

  const agents = Array.from({ length: clients }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const intervalMs = (1_000 * clients) / perSecond;
  const timers = agents.map((agent, index) => {
    let timer = setTimeout(
      () => {
        timer = setInterval(() => send(agent), intervalMs);
      },
      (intervalMs * index) / clients,
    );
    return () => clearTimeout(timer);
  });

  return {
    /** Sends no more and waits for what is under way. */
    async stop() {
      for (const clear of timers) clear();
      await Promise.all(open);
      for (const agent of agents) agent.destroy();
      return { sent, answers, failures: Object.fromEntries(failures) };
    },
  };
}
