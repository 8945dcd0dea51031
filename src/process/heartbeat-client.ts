import * as http from 'node:http';
import * as https from 'node:https';
import { PACKAGE, VERSION } from '../version.js';
import type { Ping } from './heartbeat-target.js';

/**
 * Makes the request of a beat on a connection of its own, which keeps no process alive, and resolves to the status of the answer.
 * Not by fetch, which the application may have replaced.
 */
export function sendPing({ url, method, body }: Ping, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const { request } = url.protocol === 'https:' ? https : http;
    const headers: http.OutgoingHttpHeaders = { 'User-Agent': `${PACKAGE}/${VERSION}` };
    if (body !== undefined) {
      headers['Content-Type'] = 'text/plain; charset=utf-8';
      headers['Content-Length'] = Buffer.byteLength(body);
    }
    const call = request(url, { method, headers, signal, agent: false }, (response) => {
      response.resume();
      // Its body does not matter, also if it never ends.
      response.once('error', () => {});
      resolve(response.statusCode ?? 0);
    });
    call.on('socket', (socket) => socket.unref());
    call.on('error', reject);
    call.end(body);
  });
}
