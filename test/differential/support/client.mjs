import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';

/** Calls the process under test as a client on the wire would, and describes all of the answer that a client can see. */
export function createClient(port) {
  const agent = new Agent({ keepAlive: true });
  return {
    /** `headers` may be a list of names and values by turns. */
    request({ method = 'GET', path = '/', headers = {}, body, chunks, onRequest, ...options } = {}) {
      return new Promise((resolve) => {
        const req = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent, ...options });
        const informed = [];
        req.on('information', ({ statusCode }) => informed.push(statusCode));
        req.on('continue', () => informed.push('continue'));
        req.on('error', ({ code, message }) => resolve({ error: { code, message } }));
        req.on('upgrade', (res, socket) => {
          socket.destroy();
          resolve({ upgrade: res.statusCode, headers: linesOf(res.rawHeaders) });
        });
        req.on('response', (res) => {
          const received = [];
          res.on('data', (chunk) => received.push(chunk));
          res.on('error', ({ code }) => resolve({ ...headOf(res), body: textOf(received), broken: code }));
          res.on('end', () => {
            const described = { ...headOf(res), body: textOf(received) };
            if (res.rawTrailers.length > 0) described.trailers = linesOf(res.rawTrailers);
            if (informed.length > 0) described.informed = informed;
            resolve(described);
          });
        });
        onRequest?.(req);
        for (const chunk of chunks ?? []) req.write(chunk);
        if (onRequest === undefined || body !== undefined) req.end(body);
      });
    },
    /** Sends bytes as they are, and gives back all that comes until the server closes or `isEnough(text)`. */
    raw(bytes, isEnough = () => false) {
      return new Promise((resolve) => {
        let text = '';
        let how = 'closed';
        const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
        socket.setEncoding('latin1');
        socket.on('data', (chunk) => {
          text += chunk;
          if (!isEnough(text)) return;
          how = 'enough';
          socket.destroy();
        });
        socket.on('error', ({ code }) => {
          how = code;
        });
        socket.on('close', () => resolve({ text: withoutDate(text), how }));
      });
    },
    close: () => agent.destroy(),
  };
}

const headOf = ({ statusCode, statusMessage, httpVersion, rawHeaders }) => ({
  status: statusCode,
  message: statusMessage,
  version: httpVersion,
  headers: linesOf(rawHeaders),
});

/** Names as they came, in their order. */
export function linesOf(raw) {
  const lines = [];
  for (let at = 0; at < raw.length; at += 2) lines.push(withoutDate(`${raw[at]}: ${raw[at + 1]}`));
  return lines;
}

const withoutDate = (text) => text.replace(/^(date: )[A-Z][a-z]{2}, .*GMT/gim, '$1<date>');

function textOf(chunks) {
  const bytes = Buffer.concat(chunks);
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : `base64 ${bytes.toString('base64')}`;
}
