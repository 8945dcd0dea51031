import type { Server } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';

/** So many ports after the one that was asked for are tried. */
const maxSteps = 20;

export interface Listening {
  readonly port: number;
  /** How often the port had to be stepped on. */
  readonly steps: number;
}

/**
 * Has the servers listen on one port, the first of them on the address; on the loopback both families, where the machine has both. A taken
 * port is stepped over; 0 is any that is free.
 * @throws the error of the last port tried, or of an address that is not there.
 */
export async function listen(
  createServer: () => Server,
  host: string,
  port: number,
): Promise<Listening & { servers: Server[] }> {
  const isLoopback = host === 'localhost';
  for (let steps = 0; ; steps += 1) {
    const servers: Server[] = [];
    try {
      const first = createServer();
      await bound(first, isLoopback ? '127.0.0.1' : host, port === 0 ? 0 : port + steps);
      servers.push(first);
      const got = (first.address() as AddressInfo).port;
      if (isLoopback) {
        const second = createServer();
        const isThere = await bound(second, '::1', got).then(
          () => true,
          (error: NodeJS.ErrnoException) => {
            if (error.code === 'EADDRINUSE') throw error;
            // There is no IPv6 here.
            return false;
          },
        );
        if (isThere) servers.push(second);
      }
      return { port: got, steps, servers };
    } catch (error) {
      for (const server of servers) server.close();
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || steps >= maxSteps) throw error;
    }
  }
}

function bound(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
