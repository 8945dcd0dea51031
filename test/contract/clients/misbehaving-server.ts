import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** How often each header came. */
  readonly rawHeaders: readonly string[];
  /** How many requests this connection had carried, this one included. */
  readonly onConnection: number;
}

export interface MisbehavingServer {
  readonly port: number;
  readonly server: Server;
  /** Connections that were opened so far. */
  readonly connections: number;
  /** Lets go of all connections; resolves once none is open. */
  idle(): Promise<void>;
  /** Resolves once the request of a case has come that is left hanging. */
  hanging(id: string): Promise<void>;
  /** The requests of one case, which its URL names. */
  seen(id: string): SeenRequest[];
  close(): Promise<void>;
}

type Behaviour = (req: IncomingMessage, res: ServerResponse) => void;

const served = new WeakMap<Socket, number>();

/** Each path is one way to answer, or not to. */
const behaviours: Readonly<Record<string, Behaviour>> = {
  ok: (_req, res) => void res.end('hello'),
  echo(req, res) {
    res.writeHead(200, { 'x-method': req.method ?? '' });
    req.pipe(res);
  },
  404: (_req, res) => void res.writeHead(404).end('no'),
  500: (_req, res) => void res.writeHead(500).end('broken'),
  502: (_req, res) => void res.writeHead(502).end('broken'),
  503: (_req, res) => void res.writeHead(503).end('busy'),
  429: (_req, res) => void res.writeHead(429, { 'retry-after': '30' }).end('later'),
  hang(req) {
    const { server } = req.socket as Socket & { server?: Server };
    server?.emit('hang', new URL(req.url ?? '', 'http://upstream').searchParams.get('case'));
  },
  reset: (req) => void req.socket.resetAndDestroy(),
  fin: (req) => void req.socket.end(),
  garbage: (req) => void req.socket.end('\x00\xff\x13\x37 this is no HTTP\r\n\r\n'),
  'reset-body'(req, res) {
    res.writeHead(200, { 'content-length': '100' });
    res.write('half', () => afterRead(req, () => req.socket.resetAndDestroy()));
  },
  'fin-body'(req, res) {
    res.writeHead(200, { 'content-length': '100' });
    res.write('half', () => req.socket.end());
  },
  'cut-chunk'(req, res) {
    res.writeHead(200);
    res.write('half', () => req.socket.end());
  },
  'slow-body'(req, res) {
    res.writeHead(200, { 'content-length': '10' });
    res.write('slow ');
    afterRead(req, () => res.end('body!'));
  },
  drip(req, res) {
    res.writeHead(200);
    const timer = setInterval(() => res.write('.'), 5);
    req.socket.once('close', () => clearInterval(timer));
  },
  redirect(req, res) {
    res.writeHead(302, { location: (req.url ?? '').replace('/redirect', '/ok') }).end();
  },
  'early-hints'(_req, res) {
    res.writeEarlyHints({ link: '</style.css>; rel=preload' });
    res.end('hello');
  },
  trailers(_req, res) {
    res.writeHead(200, { trailer: 'x-sum' });
    res.write('hello');
    res.addTrailers({ 'x-sum': '5' });
    res.end();
  },
  // Half of the connection is closed with the answer, without a word in the headers.
  'half-closed'(req) {
    req.socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello');
  },
  // A connection that is being closed just as it is used once more.
  stale(req, res) {
    if ((served.get(req.socket) ?? 0) > 1) req.socket.destroy();
    else res.end('fresh');
  },
  early(_req, res) {
    res.writeHead(200, { 'content-length': '0' }).end();
  },
};

/** Lets the client read what was sent before the connection goes. */
function afterRead(req: IncomingMessage, then: () => void): void {
  setTimeout(() => {
    if (!req.socket.destroyed) then();
  }, 20);
}

/** A server on the loopback that does what the path of a request asks it for: `/reset-body?case=7`. */
export async function startMisbehavingServer(
  more: Readonly<Record<string, Behaviour>> = {},
): Promise<MisbehavingServer> {
  const byCase = new Map<string, SeenRequest[]>();
  let connections = 0;
  const open = new Set<Socket>();
  const all = { ...behaviours, ...more };
  const server = createServer((req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '', 'http://upstream');
    const count = (served.get(req.socket) ?? 0) + 1;
    served.set(req.socket, count);
    const id = searchParams.get('case') ?? '';
    const seen = byCase.get(id) ?? [];
    byCase.set(id, seen);
    seen.push({
      method: req.method ?? '',
      path: pathname,
      headers: req.headers,
      rawHeaders: req.rawHeaders,
      onConnection: count,
    });
    // Each case gets a connection of its own, but for those whose connection is not to end with the answer.
    if (pathname !== '/stale' && pathname !== '/cut-chunk') res.shouldKeepAlive = false;
    const behaviour = all[pathname.slice(1)];
    if (behaviour === undefined) res.writeHead(404).end();
    else behaviour(req, res);
  });
  server.on('connection', (socket) => {
    connections += 1;
    open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
  });
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    server,
    get connections() {
      return connections;
    },
    seen: (id) => byCase.get(id) ?? [],
    async idle() {
      while (open.size > 0) {
        for (const socket of open) socket.end();
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
    async hanging(id) {
      for (;;) {
        const [hung] = await once(server, 'hang');
        if (hung === id) return;
      }
    },
    async close() {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}
