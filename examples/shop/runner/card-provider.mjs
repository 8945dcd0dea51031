// Stands for a company that authorizes cards: quick, now and then slow, and not instrumented. The runner has it fail.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';

const delaysMs = [12, 15, 18, 11, 15, 21, 90, 17, 18, 14, 13, 19];
let calls = 0;
let isFailing = false;
process.on('message', (message) => {
  isFailing = message.isActive;
});
process.on('disconnect', () => process.exit());

const server = createServer(async (req, res) => {
  const { card } = await json(req);
  calls += 1;
  await wait(delaysMs[calls % delaysMs.length]);
  const hasFailed = isFailing && calls % 4 === 0;
  const answer = hasFailed
    ? { error: 'no connection to the bank' }
    : { isApproved: card !== 'card_declined' };
  res.writeHead(hasFailed ? 503 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
});
await once(server.listen(Number(process.env.PORT ?? 3009), '127.0.0.1'), 'listening');
console.log(`http://127.0.0.1:${server.address().port}`);
