// The load, in a process of its own: raw keep-alive sockets, because a full HTTP client would cost more than the server does.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { quantile } from '../median.mjs';

const contentLength = /\r\ncontent-length: (\d+)/i;

function requestText(port, path, n, isTraced) {
  const head =
    `GET ${path}/${n} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: application/json\r\n` +
    'User-Agent: bench/1.0\r\n';
  if (!isTraced) return `${head}\r\n`;
  const traceId = randomBytes(16).toString('hex');
  const spanId = randomBytes(8).toString('hex');
  return `${head}traceparent: 00-${traceId}-${spanId}-01\r\n\r\n`;
}

/** One connection that sends a request, waits for the whole response, and calls `onDone`; it fails on any status but 200. */
function openConnection(port, onDone, onError) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (text) => {
    received += text;
    const headEnd = received.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const length = contentLength.exec(received);
    if (!received.startsWith('HTTP/1.1 200 ') || length === null) {
      onError(new Error(`unexpected response: ${received.slice(0, 200)}`));
      return;
    }
    if (received.length < headEnd + 4 + Number(length[1])) return;
    received = '';
    onDone(connection);
  });
  socket.on('error', onError);
  const connection = { sentAt: 0, write: (text) => socket.write(text), close: () => socket.destroy() };
  return connection;
}

/**
 * Sends `requests` requests over `connections` sockets. With `rate` 0 each socket sends its next request when it has its answer
 * (closed loop); else requests fall due `rate` times a second whatever the server does (open loop), and latency counts from then.
 * Each carries a sampled `traceparent`, unless `isTraced` is false.
 */
function run({ port, path = '/api/orders', requests, connections, rate, isTraced = true }) {
  const { promise, resolve, reject } = deferred();
  const latenciesMs = [];
  const idle = [];
  const dueAt = [];
  const startedAt = performance.now();
  let sent = 0;
  let timer;

  const send = (connection, at) => {
    connection.sentAt = at;
    connection.write(requestText(port, path, sent++, isTraced));
  };
  const onDone = (connection) => {
    latenciesMs.push(performance.now() - connection.sentAt);
    if (latenciesMs.length === requests) return resolve();
    if (rate > 0) {
      if (dueAt.length > 0) send(connection, dueAt.shift());
      else idle.push(connection);
    } else if (sent < requests) send(connection, performance.now());
  };
  const all = Array.from({ length: connections }, () => openConnection(port, onDone, reject));

  if (rate > 0) {
    idle.push(...all);
    let due = 0;
    timer = setInterval(() => {
      const target = Math.min(requests, Math.floor(((performance.now() - startedAt) * rate) / 1_000));
      for (; due < target; due++) {
        const at = startedAt + (due * 1_000) / rate;
        if (idle.length > 0) send(idle.pop(), at);
        else dueAt.push(at);
      }
    }, 1);
  } else {
    for (const connection of all.slice(0, requests)) send(connection, performance.now());
  }

  return promise
    .then(() => ({
      perSecond: (requests * 1_000) / (performance.now() - startedAt),
      p50Ms: quantile(latenciesMs, 0.5),
      p99Ms: quantile(latenciesMs, 0.99),
      p999Ms: quantile(latenciesMs, 0.999),
    }))
    .finally(() => {
      clearInterval(timer);
      for (const connection of all) connection.close();
    });
}

function deferred() {
  const out = {};
  out.promise = new Promise((resolve, reject) => Object.assign(out, { resolve, reject }));
  return out;
}

process.on('message', async ({ id, ...job }) => {
  process.send({ id, value: await run(job) });
});
process.on('disconnect', () => process.exit());
