import type { ServerResponse } from 'node:http';
import type { RequestRecord } from './request-record.js';

/** What HTTP/2 has behind a response of its compatibility API, and HTTP/1 lacks. */
interface Http2Response {
  readonly stream?: {
    readonly aborted: boolean;
    readonly errored?: Error | null;
    readonly rstCode: number;
    readonly sentHeaders?: Readonly<Record<string, unknown>>;
  };
}

/** What HTTP/1 has: the head as it was written, null or empty before. With Bun it is a blank, and shows nothing but that there is one. */
interface Http1Response {
  readonly _header?: string | null;
}

const noStream: Http2Response = {};
const statusAt = 'HTTP/1.1 '.length;

/**
 * The status that was sent; 0 for none. It is read from the head itself: a property may have been changed since, or replaced by a
 * framework, and an answer of `http2stream.respond()` is in none.
 */
export function sentStatusOf({ res, isUnsent, isFinished }: RequestRecord): number {
  if (isUnsent) return 0;
  const { _header: head } = res as Http1Response;
  if (typeof head === 'string' && head.length > statusAt) return statusIn(head);
  const { stream } = res as Http2Response;
  if (stream !== undefined) return statusNumber(stream.sentHeaders?.[':status']);
  // A fake response is taken at its word.
  return isFinished || res.headersSent ? statusNumber(res.statusCode) : 0;
}

/** True once the head of a response is written, whatever a framework makes of `headersSent`. */
export function isHeadSent(res: ServerResponse): boolean {
  const { _header: head } = res as Http1Response;
  return head === undefined ? res.headersSent : head !== null && head !== '';
}

function statusIn(head: string): number {
  let status = 0;
  for (let at = statusAt; at < statusAt + 3; at += 1) {
    const digit = head.charCodeAt(at) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return 0;
    status = status * 10 + digit;
  }
  return status;
}

function statusNumber(given: unknown): number {
  const status = Number(given);
  return Number.isInteger(status) && status >= 100 && status <= 999 ? status : 0;
}

/** True for a response of which all was sent. */
export function isComplete({ res, socket, isHttp2, isFinished }: RequestRecord): boolean {
  const { stream } = isHttp2 ? (res as Http2Response) : noStream;
  if (stream !== undefined)
    return !stream.aborted && stream.rstCode === 0 && stream.sentHeaders !== undefined;
  // Node 20 finishes a response, too, whose last bytes the connection has failed to take.
  return (isFinished || res.writableFinished === true) && !socket?.errored;
}

/** What a response was destroyed with. */
export function failureOf(res: ServerResponse): Error | null | undefined {
  return res.errored ?? (res as Http2Response).stream?.errored;
}

export function isEventStream(res: ServerResponse): boolean {
  const { stream } = res as Http2Response;
  // Headers that went to writeHead() alone are nowhere but in what was sent.
  const { _header: head } = res as Http1Response;
  const type =
    res.getHeader('content-type') ??
    stream?.sentHeaders?.['content-type'] ??
    /^content-type: *(.*)$/im.exec(head ?? '')?.[1];
  return String(type).startsWith('text/event-stream');
}
