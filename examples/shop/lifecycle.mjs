import { once } from 'node:events';

/**
 * Says on which port the server listens, to the process that started this one or on the terminal; and stops in order when
 * told to: no new requests, those under way, then the telemetry that is still waiting.
 */
export async function runUntilStopped(server, signals) {
  if (!server.listening) await once(server, 'listening');
  const { port } = server.address();
  if (process.send === undefined) console.log(`http://127.0.0.1:${port}`);
  else process.send({ port });

  await Promise.race(['SIGTERM', 'SIGINT', 'message', 'disconnect'].map((event) => once(process, event)));
  await new Promise((resolve) => server.close(resolve));
  await signals.shutdown();
  if (process.connected) process.disconnect();
}
