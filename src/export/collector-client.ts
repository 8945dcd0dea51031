import * as net from 'node:net';
import * as tls from 'node:tls';
import { CollectorConnection } from './collector-connection.js';
import type { OtlpConfig } from './otlp-config.js';

/** As `node:http`'s agents set them. */
const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 1_000 };

/** The connections to one collector. As many are open as there are exchanges at a time; they are kept for the next ones. */
export class CollectorClient {
  readonly #url: URL;
  readonly #tls: OtlpConfig['tls'];
  readonly #open = new Set<CollectorConnection>();
  #idle: CollectorConnection[] = [];
  /** Of the last TLS connection, which the next one may resume. */
  #session: Buffer | undefined;

  constructor(url: URL, tlsOptions: OtlpConfig['tls']) {
    this.#url = url;
    this.#tls = tlsOptions;
  }

  /** A connection for one exchange. It is connected in the background: what is written meanwhile waits. */
  connect(): CollectorConnection {
    for (let kept = this.#idle.pop(); kept !== undefined; kept = this.#idle.pop()) {
      if (kept.isOpen) return kept;
    }
    const socket = this.#createSocket();
    const connection = new CollectorConnection(socket, (idle) => this.#idle.push(idle));
    this.#open.add(connection);
    socket.once('close', () => {
      this.#open.delete(connection);
      this.#idle = this.#idle.filter((other) => other !== connection);
    });
    return connection;
  }

  /** Closes all connections, and ends what is under way on them. */
  destroy(): void {
    for (const connection of this.#open) connection.destroy();
  }

  #createSocket(): net.Socket {
    const { protocol, hostname, port } = this.#url;
    const isTls = protocol === 'https:';
    // An IPv6 address stands in brackets.
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const options = { ...socketOptions, host, port: Number(port) || (isTls ? 443 : 80) };
    if (!isTls) return net.connect(options);
    const socket = tls.connect({
      ...options,
      ...this.#tls,
      ALPNProtocols: ['http/1.1'],
      // Server Name Indication is for names.
      ...(net.isIP(host) === 0 ? { servername: host } : {}),
      ...(this.#session === undefined ? {} : { session: this.#session }),
    });
    return socket.on('session', (session) => {
      this.#session = session;
    });
  }
}

/** The head of a POST. User and password of the URL become Basic authentication, unless the headers have their own. */
export function requestHead(url: URL, headers: Readonly<Record<string, string>>): string {
  const all = { host: url.host, ...basicAuthentication(url), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

function basicAuthentication({ username, password }: URL): { authorization?: string } {
  if (username === '' && password === '') return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}
