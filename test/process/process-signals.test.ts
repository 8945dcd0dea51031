import { describe, expect, test } from 'vitest';
import { ProcessSignals } from '../../src/process/process-signals.js';
import { createFakeClock, settled } from '../support/fake-clock.js';
import { FakeHost } from './support/fake-host.js';
import { FakeTraffic } from './support/fake-traffic.js';
import { createEndingService, type SetUp } from './support/service.js';

/** A process with one service for each set-up, each with one request under way. */
function createProcess(setUps: readonly SetUp[] = [{}], surroundings: { isTerminal?: boolean } = {}) {
  const host = new FakeHost();
  const clock = createFakeClock(0);
  const background = createFakeClock(0);
  const lines: string[] = [];
  const signals = new ProcessSignals({
    host: host.asHost(),
    clock,
    holding: clock,
    background,
    write: (line) => lines.push(line),
    isTerminal: () => surroundings.isTerminal === true,
    platform: 'linux',
  });
  const services = setUps.map((setUp) => {
    const traffic = new FakeTraffic();
    traffic.inFlight = 1;
    const service = createEndingService({ traffic, clock, ...setUp });
    return { ...service, traffic, remove: signals.add(service.shutdown) };
  });
  const endRequests = async () => {
    await settled();
    for (const { traffic } of services) traffic.endAll();
    await settled();
  };
  return { host, clock, background, lines, signals, services, endRequests };
}

const events = ['SIGTERM', 'SIGINT', 'uncaughtExceptionMonitor'];
const listenersOf = (host: FakeHost) => events.map((event) => host.listenerCount(event));

describe('handlers of the process', () => {
  test('are there once for all services, and gone with the last of them', () => {
    const { host, services } = createProcess([{}, {}, {}]);
    expect(listenersOf(host)).toEqual([1, 1, 1]);
    expect(host.listenerCount('uncaughtException')).toBe(0);
    services[0]?.remove();
    services[1]?.remove();
    expect(listenersOf(host)).toEqual([1, 1, 1]);
    services[2]?.remove();
    expect(listenersOf(host)).toEqual([0, 0, 0]);
  });

  test('come back with a further service', () => {
    const { host, signals, services } = createProcess();
    services[0]?.remove();
    signals.add(createEndingService().shutdown);
    expect(listenersOf(host)).toEqual([1, 1, 1]);
  });

  test('are those of Windows there', () => {
    const host = new FakeHost();
    const clock = createFakeClock();
    const parts = { host: host.asHost(), clock, holding: clock, background: clock, write() {} };
    new ProcessSignals({ ...parts, isTerminal: () => false, platform: 'win32' }).add(
      createEndingService().shutdown,
    );
    expect(host.eventNames()).toEqual(['SIGINT', 'SIGBREAK', 'uncaughtExceptionMonitor']);
  });
});

describe('a signal', () => {
  test('ends every service together, and then the process with 0', async () => {
    const { host, services, endRequests } = createProcess([{}, {}]);
    host.emit('SIGTERM', 'SIGTERM');
    expect(services.map((service) => service.events)).toEqual([
      ['0 draining signal', '0 send'],
      ['0 draining signal', '0 send'],
    ]);
    await settled();
    expect(host.exits).toEqual([]);
    await endRequests();
    expect(host.exits).toEqual([0]);
  });

  test('ends the process with 1 if one service had to be cut off', async () => {
    const { host, services, clock } = createProcess([{}, {}]);
    host.emit('SIGINT', 'SIGINT');
    services[0]?.traffic.endAll();
    await clock.advance(15_000);
    expect(host.exits).toEqual([1]);
    expect(host.exitCode).toBe(1);
  });

  test('leaves an exit code that the application has set', async () => {
    const { host, endRequests } = createProcess();
    host.exitCode = 7;
    host.emit('SIGTERM', 'SIGTERM');
    await endRequests();
    expect(host.exits).toEqual([7]);
  });

  test('from a terminal has no delay', async () => {
    const { host, services } = createProcess([{ options: { delayMs: 500 } }], { isTerminal: true });
    host.emit('SIGINT', 'SIGINT');
    await settled();
    expect(services[0]?.events).toContain('0 stop');
  });

  test('SIGTERM has its delay also on a terminal', async () => {
    const { host, services } = createProcess([{ options: { delayMs: 500 } }], { isTerminal: true });
    host.emit('SIGTERM', 'SIGTERM');
    await settled();
    expect(services[0]?.events).not.toContain('0 stop');
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ])('that comes a second time, as %s, ends the process at once with %i', async (second, code) => {
    const { host, clock, lines } = createProcess();
    host.emit('SIGTERM', 'SIGTERM');
    await clock.advance(200);
    host.emit(second, second);
    expect(host.exits).toEqual([code]);
    expect(lines).toEqual([`golden-signals warn: shutdown: ${second} again, ending at once`]);
  });

  test('that a parent hands on, too, is one signal: requests under way still end', async () => {
    const { host, clock, lines, endRequests } = createProcess();
    host.emit('SIGINT', 'SIGINT');
    host.emit('SIGINT', 'SIGINT');
    await clock.advance(199);
    host.emit('SIGINT', 'SIGINT');
    expect([host.exits, lines]).toEqual([[], []]);
    await endRequests();
    expect(host.exits).toEqual([0]);
  });

  test('that comes as three, SIGTERM, SIGINT and SIGINT again, as nodemon sends it, is one', async () => {
    const { host, clock, lines, endRequests } = createProcess();
    host.emit('SIGTERM', 'SIGTERM');
    await clock.advance(20);
    host.emit('SIGINT', 'SIGINT');
    await clock.advance(179);
    host.emit('SIGINT', 'SIGINT');
    expect([host.exits, lines]).toEqual([[], []]);
    await clock.advance(1);
    host.emit('SIGINT', 'SIGINT');
    expect(host.exits).toEqual([130]);
    await endRequests();
  });

  test('has its echo within a second behind a watcher', async () => {
    const { host, clock, endRequests } = createProcess([{ outside: 'watcher' }]);
    host.emit('SIGTERM', 'SIGTERM');
    await clock.advance(999);
    host.emit('SIGINT', 'SIGINT');
    expect(host.exits).toEqual([]);
    await clock.advance(1);
    host.emit('SIGINT', 'SIGINT');
    expect(host.exits).toEqual([130]);
    await endRequests();
  });

  test('ends the process with 1 at the end of the budget, whatever hangs', async () => {
    const { host, clock, lines } = createProcess([{ options: { budgetMs: 3_000 } }]);
    // No promise settles here: the deadline hangs on none.
    host.emit('SIGTERM', 'SIGTERM');
    clock.advanceNow(3_000);
    expect(host.exits).toEqual([1]);
    expect(lines).toEqual(['golden-signals warn: shutdown: not done after 3 s, ending now']);
  });

  test('after the end of all services finds nothing of ours', async () => {
    const { host, services } = createProcess();
    services[0]?.remove();
    host.emit('SIGTERM', 'SIGTERM');
    expect(services[0]?.events).toEqual([]);
    expect(host.exits).toEqual([]);
  });
});

describe('with a handler of the application for the same signal', () => {
  test.each(['before', 'after'])('that was added %s ours, the process is left to it', async (when) => {
    const host = new FakeHost();
    const clock = createFakeClock(0);
    const background = createFakeClock(0);
    const service = createEndingService({ clock });
    const signals = new ProcessSignals({
      host: host.asHost(),
      clock,
      holding: clock,
      background,
      write() {},
      isTerminal: () => false,
      platform: 'linux',
    });
    if (when === 'before') host.once('SIGTERM', () => {});
    signals.add(service.shutdown);
    if (when === 'after') host.once('SIGTERM', () => {});

    host.emit('SIGTERM', 'SIGTERM');
    await settled();
    expect(service.events.slice(-1)).toEqual(['0 send']);
    expect(host.exits).toEqual([]);
    expect(host.exitCode).toBeUndefined();
    // The timer that is left keeps no process alive.
    expect(clock.pending).toBe(0);
    expect(background.pending).toBe(1);
  });

  test('the process ends with 1 at the end of the budget', async () => {
    const { host, clock, background, endRequests, lines } = createProcess();
    host.on('SIGTERM', () => {});
    host.emit('SIGTERM', 'SIGTERM');
    await clock.advance(4_000);
    await endRequests();
    await background.advance(20_999);
    expect(host.exits).toEqual([]);
    await background.advance(1);
    expect(host.exits).toEqual([1]);
    expect(lines).toEqual([
      'golden-signals warn: shutdown: another handler of SIGTERM has not ended the process, ending it now',
    ]);
  });

  test('a shorter grace for it ends the process with what our own work came to', async () => {
    const { host, background, endRequests } = createProcess([{ options: { foreignGraceMs: 500 } }]);
    host.on('SIGTERM', () => {});
    host.emit('SIGTERM', 'SIGTERM');
    await endRequests();
    await background.advance(500);
    expect(host.exits).toEqual([0]);
  });

  test('sets the exit code where something was cut off', async () => {
    const { host, clock } = createProcess();
    host.on('SIGTERM', () => {});
    host.emit('SIGTERM', 'SIGTERM');
    await clock.advance(15_000);
    expect(host.exits).toEqual([]);
    expect(host.exitCode).toBe(1);
  });

  test('exit: true ends the process all the same', async () => {
    const { host, endRequests } = createProcess([{ options: { exit: true } }]);
    host.on('SIGTERM', () => {});
    host.emit('SIGTERM', 'SIGTERM');
    await endRequests();
    expect(host.exits).toEqual([0]);
  });

  test('that raises the signal again when it is done, the process ends when we are done, too', async () => {
    const { host, endRequests, lines } = createProcess();
    host.on('SIGTERM', () => {});
    host.emit('SIGTERM', 'SIGTERM');
    host.kill(host.pid, 'SIGTERM');
    expect(host.kills).toEqual([[host.pid, 'SIGTERM']]);
    host.emit('SIGTERM', 'SIGTERM');
    expect(host.exits).toEqual([]);
    await endRequests();
    expect(host.exits).toEqual([0]);
    expect(lines).toEqual([]);
  });

  test.each([
    ['while requests are under way', true],
    ['when they have ended', false],
  ])('that was the only one and raises the signal %s, the process ends by it', async (_when, isEarly) => {
    const { host, endRequests, services } = createProcess();
    host.once('SIGTERM', () => {});
    host.emit('SIGTERM', 'SIGTERM');
    if (!isEarly) await endRequests();
    host.kill(host.pid, 'SIGTERM');
    host.emit('SIGTERM', 'SIGTERM');
    expect(host.kills).toHaveLength(1);
    await endRequests();
    expect(host.exits).toEqual([]);
    expect(services[0]?.events.at(-1)).toMatch(/flush/);
    expect(host.kills).toEqual([
      [host.pid, 'SIGTERM'],
      [host.pid, 'SIGTERM'],
    ]);
    expect(listenersOf(host)).toEqual([0, 0, 0]);
  });

  test('that raises it after our end, the process ends with that', async () => {
    const { host, endRequests } = createProcess();
    host.on('SIGTERM', () => {});
    host.emit('SIGTERM', 'SIGTERM');
    await endRequests();
    expect(host.exits).toEqual([]);
    host.kill(host.pid);
    host.emit('SIGTERM', 'SIGTERM');
    await settled();
    expect(host.exits).toEqual([0]);
  });

  test('a signal to another process is none to this one', async () => {
    const { host, clock } = createProcess();
    host.on('SIGTERM', () => {});
    host.emit('SIGTERM', 'SIGTERM');
    host.kill(host.pid + 1, 'SIGTERM');
    host.kill(host.pid, 0);
    await clock.advance(200);
    host.emit('SIGTERM', 'SIGTERM');
    expect(host.exits).toEqual([143]);
  });
});

describe('without anything to serve, beside a handler of the application', () => {
  const worker = () => {
    const traffic = new FakeTraffic();
    traffic.isListening = false;
    return traffic;
  };

  test('what waits is sent, and the process goes on as before, however often it is told', async () => {
    const { host, services, clock, background } = createProcess([
      { traffic: worker() },
      { traffic: worker() },
    ]);
    host.on('SIGTERM', () => {});
    host.emit('SIGTERM', 'SIGTERM');
    await clock.advance(60_000);
    host.emit('SIGTERM', 'SIGTERM');
    await clock.advance(60_000);
    expect(services.map((service) => service.events)).toEqual([
      ['0 send', '60000 send'],
      ['0 send', '60000 send'],
    ]);
    expect([host.exits, host.exitCode, clock.pending, background.pending]).toEqual([[], undefined, 0, 0]);
  });

  test.each([{ onDrain: () => {} }, { onShutdown: () => {} }, { exit: true }])(
    'it is shut down all the same with %o',
    async (options) => {
      const { host, services } = createProcess([{ traffic: worker(), options }]);
      host.on('SIGTERM', () => {});
      host.emit('SIGTERM', 'SIGTERM');
      await settled();
      expect(services[0]?.events[0]).toBe('0 draining signal');
    },
  );

  test('a signal that only we handle ends it', async () => {
    const { host, services } = createProcess([{ traffic: worker() }]);
    host.on('SIGTERM', () => {});
    host.emit('SIGINT', 'SIGINT');
    await settled();
    expect(services[0]?.events).toEqual(['0 draining signal', '0 close', '0 flush']);
    expect(host.exits).toEqual([0]);
  });
});

describe('the signal of a restart', () => {
  const watched = (more: SetUp = {}) => createProcess([{ outside: 'watcher', ...more }]);

  test('is nothing to us where no watcher is outside', () => {
    expect(createProcess().host.listenerCount('SIGUSR2')).toBe(0);
  });

  test('ends the process as it would without us, when what waits is sent', async () => {
    const { host, services } = watched();
    host.emit('SIGUSR2', 'SIGUSR2');
    host.emit('SIGUSR2', 'SIGUSR2');
    expect(host.kills).toEqual([]);
    await settled();
    expect(services[0]?.events).toEqual(['0 send', '0 send']);
    expect(host.kills).toEqual([[host.pid, 'SIGUSR2']]);
    expect(host.listenerCount('SIGUSR2')).toBe(0);
  });

  test('is left to a handler of the application', async () => {
    const { host, services } = watched();
    host.on('SIGUSR2', () => {});
    host.emit('SIGUSR2', 'SIGUSR2');
    await settled();
    expect(services[0]?.events).toEqual(['0 send']);
    expect(host.kills).toEqual([]);
  });
});

describe('exit: false', () => {
  test('leaves the process to the application, but for the exit code', async () => {
    const { host, clock } = createProcess([{ options: { exit: false } }]);
    host.emit('SIGTERM', 'SIGTERM');
    await clock.advance(30_000);
    expect(host.exits).toEqual([]);
    expect(host.exitCode).toBe(1);
  });

  test('leaves a second signal to Node', () => {
    const { host } = createProcess([{ options: { exit: false } }]);
    host.emit('SIGTERM', 'SIGTERM');
    expect(listenersOf(host)).toEqual([0, 0, 0]);
  });

  test('leaves an uncaught exception to Node', () => {
    const { host, services } = createProcess([{ options: { exit: false } }]);
    expect(host.uncaught(new Error('boom'))).toBe(false);
    expect(services[0]?.events).toEqual([]);
  });
});

describe('an exception that nobody caught', () => {
  test('is said, and ends the process with 1 when requests and telemetry are out', async () => {
    const { host, lines, services, endRequests } = createProcess();
    expect(host.uncaught(new TypeError('boom'))).toBe(true);
    expect(services[0]?.events).toEqual(['0 draining crash', '0 send']);
    expect(lines[0]).toMatch(
      /^golden-signals error: uncaughtException, the process ends:\nTypeError: boom\n {4}at /,
    );
    await endRequests();
    expect(services[0]?.events).toEqual(['0 draining crash', '0 send', '0 stop', '0 close', '0 flush']);
    expect(host.exits).toEqual([1]);
  });

  test('ends the process at once when it is the second', () => {
    const { host } = createProcess();
    host.uncaught(new Error('first'));
    host.uncaught(undefined, 'unhandledRejection');
    expect(host.exits).toEqual([1]);
  });

  test('ends the process within 5 s whatever hangs', () => {
    const { host, clock } = createProcess();
    host.uncaught(new Error('boom'));
    clock.advanceNow(5_000);
    expect(host.exits).toEqual([1]);
  });

  test('during a shutdown cuts it short', async () => {
    const { host, clock } = createProcess();
    host.emit('SIGTERM', 'SIGTERM');
    await clock.advance(1_000);
    host.uncaught(new Error('boom'));
    await clock.advance(2_000);
    expect(new Set(host.exits)).toEqual(new Set([1]));
  });

  test('is left to a listener of the application', () => {
    const { host, services } = createProcess();
    const seen: unknown[] = [];
    host.on('uncaughtException', (error) => seen.push(error));
    host.uncaught('boom');
    expect(seen).toEqual(['boom']);
    expect(services[0]?.events).toEqual([]);
    expect(host.listenerCount('uncaughtException')).toBe(1);
  });

  test('is left to a capture callback', () => {
    const { host } = createProcess();
    host.hasCapture = true;
    expect(host.uncaught('boom')).toBe(false);
  });

  test('that cannot be printed is no other exception', () => {
    const { host, lines } = createProcess();
    const hostile = new Proxy(
      {},
      {
        getPrototypeOf() {
          throw new Error('no');
        },
      },
    );
    host.uncaught({
      [Symbol.for('nodejs.util.inspect.custom')]() {
        throw hostile;
      },
    });
    expect(lines[0]).toContain('something that cannot be printed');
  });
});
