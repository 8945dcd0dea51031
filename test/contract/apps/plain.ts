import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import type { Server } from 'node:net';
import { createCertificate } from '../support/certificate.js';
import { closerOf, listenOn } from '../support/listening.js';
import { type App, failure, type Kind, type RawHandler } from './app.js';

type Listener = (req: http.IncomingMessage, res: http.ServerResponse) => void;

const certificate = createCertificate();

/** What a service without a framework does for itself. */
function listenerOf(raw: RawHandler): Listener {
  return async (req, res) => {
    const [, first, second] = (req.url ?? '').split(/[/?]/);
    try {
      if (first === 'raw') await raw(req, res);
      else if (first === 'orders') {
        res.statusCode = req.method === 'POST' ? 201 : 200;
        res.end(JSON.stringify({ id: second }));
      } else if (first === 'status') {
        res.statusCode = Number(second);
        res.end();
      } else if (first === 'throws' || first === 'rejects') throw failure();
      else {
        res.statusCode = 404;
        res.end();
      }
    } catch {
      res.statusCode = 500;
      res.end();
    }
  };
}

function appOn(server: Server, kind: Pick<Kind, 'scheme' | 'protocol'>, raw: RawHandler): App {
  const close = closerOf(server);
  return {
    target: server,
    addRoutes: () => void server.on('request', listenerOf(raw)),
    listen: async () => ({ port: await listenOn(server), ...kind }),
    close,
  };
}

function kind(
  name: string,
  scheme: 'http' | 'https',
  protocol: '1.1' | '2',
  createServer: () => Server,
): Kind {
  return {
    name,
    scheme,
    protocol,
    hasRoutes: false,
    create: (raw) => appOn(createServer(), { scheme, protocol }, raw),
  };
}

export const plainKinds: readonly Kind[] = [
  kind('http', 'http', '1.1', () => http.createServer()),
  kind('https', 'https', '1.1', () => https.createServer(certificate)),
  kind('http2 without TLS', 'http', '2', () => http2.createServer()),
  kind('http2', 'https', '2', () => http2.createSecureServer(certificate)),
];
