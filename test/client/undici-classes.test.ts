import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { startService, type TestService } from './support/service.js';
import { COPIES, loadCopy } from './support/undici.js';
import { startUpstream, type Upstream } from './support/upstream.js';

// In a file of its own: what was found out about the classes of undici must not be known yet.
let upstream: Upstream;
let service: TestService;

beforeEach(async () => {
  upstream = await startUpstream();
  service = startService();
});

test.each(COPIES)('%s: classes of the application are seen once, whatever they are called', async (copy) => {
  const undici = await loadCopy(copy);
  const makers = [
    () => {
      class Client extends undici.Pool {}
      return new Client(upstream.origin);
    },
    () => {
      class Agent extends undici.Client {}
      return new Agent(upstream.origin);
    },
    () => {
      class Client extends undici.Agent {}
      return new Client();
    },
  ];
  for (const make of makers) {
    const dispatcher = make();
    onTestFinished(() => dispatcher.destroy());
    const { body } = await undici.request(`${upstream.origin}/ok`, { dispatcher });
    await body.text();
  }
  await service.settled();
  expect(service.calls()).toHaveLength(3);
  expect(service.signals.breakers.get(upstream.name)?.snapshot()).toMatchObject({ calls: 3, failures: 0 });
});
