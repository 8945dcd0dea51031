import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

/** What a path of this library's own is asked. */
export interface RouteRequest {
  readonly method: 'GET' | 'HEAD';
  /** The request target as it came. */
  readonly url: string;
  readonly headers: Readonly<IncomingHttpHeaders>;
}

export interface RouteAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Not sent with an answer to HEAD. */
  readonly body: string | Uint8Array;
}

/** A path that this library answers itself, such as `/metrics`: ahead of the application, or on the management port. */
export interface OwnRoute {
  readonly path: string;
  /** May take its time; must not throw or reject. */
  answer(request: RouteRequest): RouteAnswer | Promise<RouteAnswer>;
}

/** The request as a route sees it; undefined for any other method. */
export function routeRequestOf(req: IncomingMessage): RouteRequest | undefined {
  const { method } = req;
  if (method !== 'GET' && method !== 'HEAD') return undefined;
  return { method, url: req.url ?? '', headers: req.headers };
}

/** How a response is written. */
export interface ResponseMethods {
  writeHead(this: ServerResponse, status: number, headers: RouteAnswer['headers']): unknown;
  write(this: ServerResponse, chunk: RouteAnswer['body']): unknown;
  end(this: ServerResponse, body?: RouteAnswer['body']): unknown;
  flushHeaders(this: ServerResponse): unknown;
}

/**
 * Writes an answer unless one has been sent meanwhile; true if it did. It uses the methods of the response's class unless others are
 * given: those of the object may be replaced while an application must not answer.
 */
export function sendAnswer(
  res: ServerResponse,
  isHead: boolean,
  answer: RouteAnswer,
  methods: ResponseMethods = Object.getPrototypeOf(res),
): boolean {
  if (res.headersSent || res.writableEnded) return false;
  const { writeHead, end } = methods;
  writeHead.call(res, answer.status, answer.headers);
  end.call(res, isHead ? undefined : answer.body);
  return true;
}

/** An answer in one line of text. */
export function textAnswer(status: number, text: string, headers: RouteAnswer['headers'] = {}): RouteAnswer {
  const body = `${text}\n`;
  return {
    status,
    headers: {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': String(Buffer.byteLength(body)),
      'Cache-Control': 'no-store',
      ...headers,
    },
    body,
  };
}
