import { onTestFinished } from 'vitest';
import { type MisbehavingServer, startMisbehavingServer } from '../../contract/clients/misbehaving-server.js';

export interface Upstream extends MisbehavingServer {
  /** `host:port`, as its breaker is named. */
  readonly name: string;
  readonly origin: string;
}

/** A misbehaving server for one test. */
export async function startUpstream(more?: Parameters<typeof startMisbehavingServer>[0]): Promise<Upstream> {
  const server = await startMisbehavingServer(more);
  onTestFinished(() => server.close());
  const name = `127.0.0.1:${server.port}`;
  // Its properties are read anew each time.
  return Object.defineProperties(server, {
    name: { value: name },
    origin: { value: `http://${name}` },
  }) as Upstream;
}
