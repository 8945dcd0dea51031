import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const askEveryMs = 500;
const portsTried = 200;

/**
 * The address of a service, as kube-proxy makes one: each new connection goes to the next instance that is ready, and stays there. What an
 * instance answers on /health/ready decides; one that gives no answer stays, as with a probe that has to fail several times.
 */
export class Balancer {
  #server = createServer((client) => this.#connect(client));
  #sockets = new Set();
  /** Port of each instance, and whether it is ready. */
  #instances = new Map();
  #next = 0;
  #timer;

  /** Listens on the port, or on the next one that is free. */
  async listen(preferred) {
    this.port = await listenFrom(this.#server, preferred);
    this.url = `http://127.0.0.1:${this.port}`;
    this.#timer = setInterval(() => this.#ask(), askEveryMs);
    return this;
  }

  add(url) {
    this.#instances.set(Number(new URL(url).port), true);
  }

  remove(url) {
    this.#instances.delete(Number(new URL(url).port));
  }

  close() {
    clearInterval(this.#timer);
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #connect(client) {
    const ready = [...this.#instances].filter(([, isReady]) => isReady);
    this.#next += 1;
    const [port] = ready[this.#next % Math.max(1, ready.length)] ?? [];
    if (port === undefined) {
      client.on('error', () => {});
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ]) {
      this.#sockets.add(one);
      one.setNoDelay(true);
      one.on('close', () => this.#sockets.delete(one));
      one.on('error', () => other.resetAndDestroy());
      one.pipe(other);
    }
  }

  #ask() {
    for (const port of this.#instances.keys()) {
      fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(2_000) })
        .then(async (answer) => {
          await answer.arrayBuffer();
          if (this.#instances.has(port)) this.#instances.set(port, answer.status !== 503);
        })
        .catch(() => {});
    }
  }
}

/** @returns the port that was free */
export async function listenFrom(server, preferred) {
  for (let port = preferred; ; port++) {
    try {
      server.listen(port < preferred + portsTried ? port : 0, '127.0.0.1');
      await once(server, 'listening');
      return server.address().port;
    } catch (error) {
      if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') throw error;
    }
  }
}
