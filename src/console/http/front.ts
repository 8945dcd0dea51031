import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Api, writeJson } from '../questions/api.js';
import type { Events } from '../questions/events.js';
import { answerRefused } from '../receive/otlp-answer.js';
import { type Receiver, signalOf } from '../receive/receiver.js';
import type { Access } from './access.js';
import { Refusal } from './refusal.js';

const headersTimeoutMs = 10_000;
const requestTimeoutMs = 60_000;

export interface FrontParts {
  readonly access: Access;
  readonly receiver: Receiver;
  readonly api: Api;
  readonly events: Events;
  /** Removes the evidence of an alert; false if the console holds no evidence of it. */
  readonly dismiss: (id: string) => boolean;
  /** Does an action that another process offers. @throws Refusal */
  readonly perform: (name: string, request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** Serves files of the page; false where there is no such file. */
  readonly page: (url: URL, request: IncomingMessage, response: ServerResponse) => boolean;
}

/** Makes servers that take telemetry in and answer questions. */
export function createFront(parts: FrontParts): () => Server {
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    // A sender that goes away is no fault of the console.
    response.on('error', () => undefined);
    void serve(parts, request, response).catch((error: unknown) => refuse(request, response, error));
  };
  return () =>
    createServer(
      { headersTimeout: headersTimeoutMs, requestTimeout: requestTimeoutMs, keepAliveTimeout: 65_000 },
      handle,
    );
}

async function serve(parts: FrontParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = urlOf(request);
  const signal = signalOf(url.pathname);
  const moved = parts.access.check(request, response, url);
  if (moved !== undefined) {
    response.writeHead(303, { location: moved });
    response.end();
    return;
  }
  if (signal !== undefined) return parts.receiver.serve(signal, request, response);
  const { pathname } = url;
  const dismissed = /^\/api\/alerts\/([^/]+)\/dismiss$/.exec(pathname)?.[1];
  if (dismissed !== undefined) {
    if (request.method !== 'POST') throw new Refusal(405, `${pathname} takes POST`);
    if (!parts.dismiss(decodeURIComponent(dismissed)))
      throw new Refusal(404, 'there is no evidence of that alert');
    writeJson(response, 200, {});
    return;
  }
  const action = /^\/api\/actions\/([^/]+)$/.exec(pathname)?.[1];
  if (action !== undefined) {
    if (request.method !== 'POST') throw new Refusal(405, `${pathname.slice(0, 100)} takes POST`);
    return parts.perform(action, request, response);
  }
  if (request.method !== 'GET' && request.method !== 'HEAD')
    throw new Refusal(405, `${pathname.slice(0, 100)} takes GET`);
  if (pathname === '/api/events') {
    if (!parts.events.listen(request, response))
      throw new Refusal(503, 'too many pages are open: close some of them', 5);
    return;
  }
  if (pathname.startsWith('/api/')) return parts.api.answer(url, response);
  if (!parts.page(url, request, response))
    throw new Refusal(404, `there is nothing at ${pathname.slice(0, 100)}; questions are under /api/`);
}

function urlOf({ url = '/' }: IncomingMessage): URL {
  try {
    return new URL(url, 'http://localhost');
  } catch {
    throw new Refusal(400, 'the address of the request cannot be read');
  }
}

function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // What is not read of a body stays on the connection.
  request.resume();
  const refusal =
    error instanceof Refusal ? error : new Refusal(500, `the console failed: ${(error as Error).message}`);
  if (request.url?.startsWith('/v1/') === true) {
    const isJson = request.headers['content-type']?.startsWith('application/json') === true;
    answerRefused(response, isJson ? 'json' : 'protobuf', refusal);
    return;
  }
  if (refusal.retryAfterS !== undefined) response.setHeader('retry-after', refusal.retryAfterS);
  writeJson(response, refusal.status, { error: refusal.message });
}
