import { describe, expect, test } from 'vitest';
import { settled } from '../support/fake-clock.js';
import { FakeTraffic } from './support/fake-traffic.js';
import { call, crash, createEndingService, sigterm } from './support/service.js';

const never = () => new Promise<never>(() => {});

describe('a shutdown by a signal', () => {
  test('takes its steps in order: not ready, delay, stop, last requests, hooks, telemetry last', async () => {
    const traffic = new FakeTraffic();
    traffic.inFlight = 2;
    const service = createEndingService({
      traffic,
      options: {
        delayMs: 5_000,
        onDrain: () => service.note('onDrain'),
        onShutdown: [() => service.note('first hook'), () => service.note('last hook')],
      },
    });
    const { shutdown, clock, events } = service;

    const end = shutdown.begin(sigterm);
    expect(events).toEqual(['0 draining signal', '0 send']);
    expect(traffic.calls).toEqual(['askToClose']);
    await clock.advance(4_999);
    expect(events).toEqual(['0 draining signal', '0 send']);
    await clock.advance(1_001);
    expect(events).toEqual(['0 draining signal', '0 send', '5000 stop', '5000 onDrain']);
    traffic.endOne();
    await settled();
    traffic.endOne();

    expect(await end).toEqual({ code: 0 });
    expect(events.slice(4)).toEqual(['6000 last hook', '6000 first hook', '6000 close', '6000 flush']);
  });

  test('leaves no timer behind', async () => {
    const traffic = new FakeTraffic();
    traffic.inFlight = 1;
    const { shutdown, clock } = createEndingService({ traffic, options: { delayMs: 10 } });
    const end = shutdown.begin(sigterm);
    await clock.advance(20);
    traffic.endAll();
    await end;
    expect(clock.pending).toBe(0);
  });

  test('closes idle connections at once and every 100 ms', async () => {
    const traffic = new FakeTraffic();
    traffic.inFlight = 1;
    const { shutdown, clock } = createEndingService({ traffic });
    void shutdown.begin(sigterm);
    await clock.advance(350);
    expect(traffic.calls.filter((name) => name === 'closeIdle')).toHaveLength(4);
  });

  test('cuts off what has not ended at the end of the drain, and says so', async () => {
    const traffic = new FakeTraffic();
    traffic.inFlight = 3;
    const { shutdown, clock, events, lines } = createEndingService({ traffic });
    const end = shutdown.begin(sigterm);
    await clock.advance(14_999);
    expect(events).not.toContain('15000 destroy');
    await clock.advance(1_000);

    expect(await end).toEqual({ code: 1 });
    expect(events).toContain('15000 destroy');
    expect(lines).toContain(
      'warn shutdown: 3 requests and connections had not ended in time and were cut off',
    );
  });

  test('closes connections that never carried a request after a moment, without counting them', async () => {
    const traffic = new FakeTraffic();
    traffic.unused = 1;
    const { shutdown, clock, events } = createEndingService({ traffic });
    const end = shutdown.begin(sigterm);
    await clock.advance(1_000);
    expect(await end).toEqual({ code: 0 });
    expect(events).toEqual([
      '0 draining signal',
      '0 send',
      '0 stop',
      '300 destroy',
      '300 close',
      '300 flush',
    ]);
  });

  test('waits for an application that closes itself', async () => {
    const traffic = new FakeTraffic().withApplication();
    const { shutdown, clock, events } = createEndingService({ traffic });
    const end = shutdown.begin(sigterm);
    await clock.advance(3_000);
    expect(events).toEqual(['0 draining signal', '0 send', '0 stop']);
    traffic.closeApp();
    expect(await end).toEqual({ code: 0 });
  });

  test('goes on without an application that does not close in time', async () => {
    const traffic = new FakeTraffic().withApplication();
    const { shutdown, clock, lines } = createEndingService({ traffic });
    const end = shutdown.begin(sigterm);
    await clock.advance(15_000);
    expect(await end).toEqual({ code: 1 });
    expect(lines).toContain('warn shutdown: the close() of the application had not ended in time');
  });

  test('does not wait for balancers where nothing listens', async () => {
    const traffic = new FakeTraffic();
    traffic.isListening = false;
    const { shutdown, events } = createEndingService({ traffic, options: { delayMs: 5_000 } });
    expect(await shutdown.begin(sigterm)).toEqual({ code: 0 });
    expect(events).toEqual(['0 draining signal', '0 close', '0 flush']);
  });

  test('waits for them where there may be a server that no request has shown yet', async () => {
    const traffic = new FakeTraffic();
    traffic.isListening = false;
    traffic.isClosed = true;
    traffic.hasUnseenServer = true;
    const { shutdown, clock, events } = createEndingService({ traffic, options: { delayMs: 5_000 } });
    const end = shutdown.begin(sigterm);
    await clock.advance(4_999);
    expect(events).toEqual(['0 draining signal', '0 send']);
    await clock.advance(1);
    expect(await end).toEqual({ code: 0 });
    expect(events).toEqual(['0 draining signal', '0 send', '5000 stop', '5000 close', '5000 flush']);
  });

  test('ends in time although the collector, a hook of each kind and a request hang', async () => {
    const traffic = new FakeTraffic();
    traffic.inFlight = 1;
    const { shutdown, clock, events } = createEndingService({
      traffic,
      options: { delayMs: 5_000, onDrain: never, onShutdown: [never, never] },
      flush: never,
    });
    const end = shutdown.begin(sigterm);
    await clock.advance(24_000);
    expect(await end).toEqual({ code: 1 });
    expect(events.slice(-3)).toEqual(['20000 destroy', '22000 close', '22000 flush']);
  });

  test('fails for a hook that throws or rejects, with whatever it is', async () => {
    const { shutdown, lines } = createEndingService({
      options: {
        onDrain: [() => Promise.reject(undefined), async () => 'fine'],
        onShutdown: () => {
          throw new TypeError('the pool is gone');
        },
      },
    });
    expect(await shutdown.begin(sigterm)).toEqual({ code: 1 });
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual([
      'warn shutdown: an onDrain hook failed: undefined',
      'warn shutdown: an onShutdown hook failed: TypeError: the pool is gone',
    ]);
  });

  test('says each phase once', async () => {
    const { shutdown, clock, lines } = createEndingService({ options: { delayMs: 1_500 } });
    const end = shutdown.begin(sigterm);
    await clock.advance(1_500);
    await end;
    expect(lines).toEqual([
      'info shutdown: not ready any more; serving on for 1.5 s, so that balancers notice',
      'info shutdown: accepting no new connections; 0 requests under way',
      'info shutdown: done after 1.5 s',
    ]);
  });
});

describe('a shutdown by the application', () => {
  test('has no delay unless one is given, and says nothing', async () => {
    const { shutdown, events, lines } = createEndingService();
    await shutdown.begin(call);
    expect(events).toEqual(['0 draining call', '0 send', '0 stop', '0 close', '0 flush']);
    expect(lines).toEqual([]);
  });

  test('has the delay that is given', async () => {
    const { shutdown, clock, events } = createEndingService({ options: { delayMs: 700 } });
    const end = shutdown.begin(call);
    await clock.advance(700);
    await end;
    expect(events).toContain('700 stop');
  });

  test('is done in the same tick where there is nothing to wait for', () => {
    const traffic = new FakeTraffic();
    traffic.isListening = false;
    const { shutdown, events } = createEndingService({ traffic });
    void shutdown.begin(call);
    expect(events).toEqual(['0 draining call', '0 close', '0 flush']);
  });

  test('happens once, with one promise for everybody who asks', async () => {
    const { shutdown, events } = createEndingService();
    expect(shutdown.hasBegun).toBe(false);
    const end = shutdown.begin(call);
    expect(shutdown.hasBegun).toBe(true);
    expect(shutdown.begin(call)).toBe(end);
    await end;
    expect(shutdown.begin(sigterm)).toBe(end);
    expect(events.filter((event) => event.endsWith('flush'))).toHaveLength(1);
  });

  test('in its own handler of the signal that we take, too, has the delay of a signal', async () => {
    const { shutdown, clock, events } = createEndingService();
    const slow = createEndingService({ options: { delayMs: 300 }, clock });
    void shutdown.begin(call);
    void shutdown.begin(sigterm);
    void slow.shutdown.begin(call);
    void slow.shutdown.begin(sigterm);
    await clock.advance(300);
    expect(events).toContain('0 stop');
    expect(slow.events).toContain('300 stop');
  });
});

describe('a shutdown beside a handler of the application', () => {
  const beside = { ...sigterm, isBeside: true } as const;

  test('sends what waits at the signal and at its end, and leaves open what that handler goes on with', async () => {
    const { shutdown, events, traffic } = createEndingService();
    expect(await shutdown.begin(beside)).toEqual({ code: 0 });
    expect(events).toEqual(['0 draining signal', '0 send', '0 stop', '0 send']);
    expect(traffic.calls).toContain('holdClose');
  });

  test.each(['at once', 'later'])('closes all where that calls shutdown() %s', async (when) => {
    const { shutdown, events } = createEndingService();
    const end = shutdown.begin(beside);
    if (when === 'later') await end;
    await shutdown.begin(call);
    await shutdown.begin(call);
    expect(events.slice(-2)).toEqual(['0 close', '0 flush']);
    expect(events.filter((event) => event.endsWith('flush'))).toHaveLength(1);
  });

  test('gives what is under way the time that it has without one where that calls shutdown()', async () => {
    const traffic = new FakeTraffic();
    traffic.inFlight = 1;
    const { shutdown, events, clock } = createEndingService({
      traffic,
      options: { drainTimeoutMs: undefined, budgetMs: undefined },
    });
    void shutdown.begin(beside);
    const end = shutdown.begin(call);
    await clock.advance(6_000);
    expect(await end).toEqual({ code: 1 });
    expect(events).toContain('6000 destroy');
  });

  test('closes all with exit: true', async () => {
    const { shutdown, events } = createEndingService({ options: { exit: true } });
    await shutdown.begin(beside);
    expect(events).toEqual(['0 draining signal', '0 send', '0 stop', '0 close', '0 flush']);
  });
});

describe('a shutdown by a crash', () => {
  test('has no delay and no hooks, gives requests 2 s, and fails', async () => {
    const traffic = new FakeTraffic();
    traffic.inFlight = 1;
    const service = createEndingService({
      traffic,
      options: {
        delayMs: 5_000,
        onDrain: () => service.note('onDrain'),
        onShutdown: () => service.note('onShutdown'),
      },
    });
    const end = service.shutdown.begin(crash);
    await service.clock.advance(2_000);
    expect(await end).toEqual({ code: 1 });
    expect(service.events).toEqual([
      '0 draining crash',
      '0 send',
      '0 stop',
      '2000 destroy',
      '2000 close',
      '2000 flush',
    ]);
  });

  test('fails also where every request could end', async () => {
    const { shutdown } = createEndingService();
    expect(await shutdown.begin(crash)).toEqual({ code: 1 });
  });

  test('cuts the delay of another short', async () => {
    const { shutdown, clock, events } = createEndingService({ options: { delayMs: 5_000 } });
    const end = shutdown.begin(sigterm);
    await clock.advance(1_000);
    void shutdown.begin(crash);
    expect(await end).toEqual({ code: 1 });
    expect(events).toEqual(['0 draining signal', '0 send', '1000 stop', '1000 close', '1000 flush']);
  });

  test('cuts the drain of another short', async () => {
    const traffic = new FakeTraffic();
    traffic.inFlight = 1;
    const { shutdown, clock, events } = createEndingService({ traffic });
    const end = shutdown.begin(sigterm);
    await clock.advance(1_000);
    void shutdown.begin(crash);
    await clock.advance(1_999);
    expect(events).toEqual(['0 draining signal', '0 send', '0 stop']);
    await clock.advance(1);
    expect(await end).toEqual({ code: 1 });
    expect(events.slice(3)).toEqual(['3000 destroy', '3000 close', '3000 flush']);
  });
});
