// Sends trace requests as fast as they are taken, from a process of its own: load.mjs <endpoint> <spans>.
import { Agent, request } from 'node:http';
import { createRequests } from './requests.mjs';

const [endpoint, wanted] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 2 });
const requests = createRequests();

function send(body) {
  return new Promise((resolve, reject) => {
    const req = request(
      `${endpoint}/v1/traces`,
      {
        agent,
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf', 'content-length': body.length },
      },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode));
      },
    );
    req.on('error', reject);
    req.end(body);
  });
}

let sent = 0;
let refused = 0;
let bytes = 0;
let traceId = '';
const began = performance.now();
while (sent < Number(wanted)) {
  const { bodies, traceId: one } = requests.next();
  traceId = one;
  const codes = await Promise.all(bodies.map(send));
  for (const [index, code] of codes.entries()) {
    if (code === 200) {
      sent += requests.spansEach;
      bytes += bodies[index].length;
    } else refused += 1;
  }
  if (codes.includes(503)) await new Promise((resolve) => setTimeout(resolve, 50));
}
agent.destroy();
process.stdout.write(`${JSON.stringify({ sent, refused, bytes, ms: performance.now() - began, traceId })}\n`);
