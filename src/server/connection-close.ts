import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

type Headers = OutgoingHttpHeaders | readonly unknown[];

const isConnection = (name: unknown) => String(name).toLowerCase() === 'connection';

/**
 * Has the connection end with this response, whatever the application says about it: a proxy that hands on the headers of its upstream
 * would else keep a client on a server that is about to stop. Does nothing for HTTP/2, which has no such header, or once it is sent.
 */
export function closeAfter(res: ServerResponse): void {
  const { req } = res as { req?: ServerResponse['req'] };
  // A response that was made up may have none, and no connection either.
  if (req === undefined || res.headersSent || req.httpVersionMajor >= 2) return;
  const writeHead = res.writeHead as (...args: unknown[]) => ServerResponse;
  res.writeHead = function (this: ServerResponse, ...args: unknown[]) {
    if (!this.headersSent) this.setHeader('Connection', 'close');
    const last = args.length - 1;
    const headers = args[last];
    if (typeof headers === 'object' && headers !== null) args[last] = withoutConnection(headers as Headers);
    return writeHead.apply(this, args);
  };
}

function withoutConnection(headers: Headers): Headers {
  if (!Array.isArray(headers)) {
    const kept = Object.entries(headers as OutgoingHttpHeaders).filter(([name]) => !isConnection(name));
    return Object.fromEntries(kept);
  }
  if (Array.isArray(headers[0])) return headers.filter(([name]) => !isConnection(name));
  // Names and values in turn.
  return headers.filter((_item, index) => !isConnection(headers[index - (index % 2)]));
}
