import { once } from 'node:events';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import * as net from 'node:net';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';

export interface Address {
  readonly port: number;
  readonly scheme: 'http' | 'https';
  readonly protocol: '1.1' | '2';
}

export interface Call {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** One request on a connection of its own, in whatever protocol the server speaks. */
export async function send(to: Address, call: Call): Promise<Answer> {
  return to.protocol === '2' ? sendHttp2(to, call) : sendHttp1(to, call);
}

async function sendHttp1(to: Address, call: Call): Promise<Answer> {
  const request = openHttp1(to, call);
  request.end(call.body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await textOf(response) };
}

/** A request of HTTP/1.1 that the test writes and ends itself. */
export function openHttp1(to: Address, { method = 'GET', path, headers = {} }: Call): http.ClientRequest {
  const { request } = to.scheme === 'https' ? https : http;
  const options: https.RequestOptions = {
    host: '127.0.0.1',
    port: to.port,
    method,
    path,
    headers: headers as http.OutgoingHttpHeaders,
    agent: false,
    rejectUnauthorized: false,
  };
  return untraced(() => request(options));
}

/** The callers in these tests are others, not the service: their calls are not part of its traces. */
export function untraced<T>(call: () => T): T {
  return context.with(suppressTracing(ROOT_CONTEXT), call);
}

export function openSession(to: Address): http2.ClientHttp2Session {
  return http2.connect(`${to.scheme}://127.0.0.1:${to.port}`, { rejectUnauthorized: false });
}

async function sendHttp2(to: Address, call: Call): Promise<Answer> {
  const session = openSession(to);
  try {
    return await sendOnSession(session, call);
  } finally {
    session.close();
  }
}

/** One of several requests on a connection of HTTP/2. */
export async function sendOnSession(
  session: http2.ClientHttp2Session,
  { method = 'GET', path, headers = {}, body }: Call,
): Promise<Answer> {
  const { host, ...others } = headers;
  const stream = session.request({
    ':method': method,
    ':path': path,
    ...(host === undefined ? {} : { ':authority': host as string }),
    ...(others as http2.OutgoingHttpHeaders),
  });
  stream.end(body);
  const [received] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
  return { status: Number(received[':status']), headers: received, body: await textOf(stream) };
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Writes bytes to a plain HTTP/1 server as they are, and gives what came back until the server closed the connection, which the last
 * request has to ask for: one whose caller has closed its half is aborted.
 */
export async function sendRaw(port: number, bytes: string): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  socket.write(Buffer.from(bytes, 'latin1'));
  return textOf(socket);
}

/** GET requests for all these paths at once, the last of which closes the connection. */
export function pipelined(paths: readonly string[]): string {
  const last = paths.length - 1;
  return paths
    .map((path, at) => `GET ${path} HTTP/1.1\r\nHost: a\r\n${at === last ? 'Connection: close\r\n' : ''}\r\n`)
    .join('');
}

/** Resolves once `isThere` is true of all bytes received so far. */
export async function received(socket: net.Socket, isThere: (text: string) => boolean): Promise<string> {
  let text = '';
  while (!isThere(text)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    text += chunk.toString('latin1');
  }
  return text;
}
