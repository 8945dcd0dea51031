import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { Refusal } from './refusal.js';

const cookieName = 'golden_signals_console';

/** How the machine is called from within its own containers: no page of somebody else can have these names. */
const ownNames = ['localhost', 'host.docker.internal', 'host.containers.internal'];

const headers = {
  'content-security-policy':
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** Who may ask, and what no answer goes without. */
export class Access {
  readonly #token: string | undefined;
  readonly #hosts: readonly string[];

  /** Without a token every request of this machine is served; `hosts` are further names by which the console is reached. */
  constructor(token: string | undefined, hosts: readonly string[]) {
    this.#token = token;
    this.#hosts = [...ownNames, ...hosts.map((host) => host.toLowerCase())];
  }

  /**
   * Sets the headers of every answer. Returns the address to redirect to, without its token; undefined where the address has no token.
   * @throws Refusal
   */
  check(request: IncomingMessage, response: ServerResponse, url: URL): string | undefined {
    for (const name in headers) response.setHeader(name, headers[name as keyof typeof headers]);
    this.#checkHost(request);
    checkOrigin(request);
    if (this.#token === undefined) return undefined;
    const given = url.searchParams.get('token');
    if (given !== null && this.#isToken(given) && request.method === 'GET') {
      response.setHeader('set-cookie', `${cookieName}=${given}; HttpOnly; SameSite=Strict; Path=/`);
      url.searchParams.delete('token');
      return url.pathname + url.search;
    }
    if (!this.#isToken(bearerOf(request)) && !this.#isToken(cookieOf(request)))
      throw new Refusal(
        401,
        'this console asks for a token: open the URL that it printed, or send OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20<token>"',
      );
    return undefined;
  }

  /** A page elsewhere can have its name resolve to this machine; it cannot have the browser name another host. */
  #checkHost({ headers: { host } }: IncomingMessage): void {
    if (host === undefined) throw new Refusal(400, 'the request has no Host header');
    const name = host
      .replace(/:\d+$/, '')
      .replace(/^\[|\]$/g, '')
      .toLowerCase();
    if (isIP(name) !== 0 || this.#hosts.includes(name)) return;
    throw new Refusal(
      421,
      `this console does not go by the name ${name.slice(0, 100)}: use localhost, or start it with --allow-host ${name.slice(0, 100)}`,
    );
  }

  #isToken(given: string | undefined): boolean {
    if (given === undefined || this.#token === undefined) return false;
    return timingSafeEqual(digest(given), digest(this.#token));
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function checkOrigin({ headers: { origin, host, 'sec-fetch-site': site } }: IncomingMessage): void {
  const isOwn = origin === undefined || origin === `http://${host}`;
  if (isOwn && site !== 'cross-site' && site !== 'same-site') return;
  throw new Refusal(403, 'a page of another origin may not ask this console');
}

function bearerOf({ headers: { authorization } }: IncomingMessage): string | undefined {
  return /^Bearer +(.+)$/i.exec(authorization ?? '')?.[1];
}

function cookieOf({ headers: { cookie } }: IncomingMessage): string | undefined {
  for (const pair of (cookie ?? '').split(';')) {
    const [name, value] = pair.trim().split('=', 2);
    if (name === cookieName) return value;
  }
  return undefined;
}
