import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * A balancer as kube-proxy is one: each new connection goes to the next endpoint and stays there; it knows nothing of HTTP, and an
 * endpoint that refuses costs the client its connection.
 */
export async function startBalancer() {
  let endpoints = [];
  let next = 0;
  const sockets = new Set();

  const server = createServer((client) => {
    const port = endpoints[next++ % Math.max(1, endpoints.length)];
    if (port === undefined) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ]) {
      sockets.add(one);
      one.setNoDelay(true);
      one.on('close', () => sockets.delete(one));
      one.on('error', () => other.resetAndDestroy());
      one.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: server.address().port,
    add(port) {
      endpoints = [...endpoints, port];
    },
    remove(port) {
      endpoints = endpoints.filter((other) => other !== port);
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
