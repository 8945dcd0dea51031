import { describe, expect, test } from 'vitest';
import { type BreakerOptions, resolveBreaker } from '../../src/breaker/options.js';
import { createBreakerRegistry } from '../../src/breaker/registry.js';
import { createFakeClock } from '../support/fake-clock.js';

function createRegistry(max: number, options: (name: string) => BreakerOptions | false = () => ({})) {
  const clock = createFakeClock();
  const heard: string[] = [];
  let of = options;
  const registry = createBreakerRegistry({
    clock,
    max,
    random: () => 0,
    resolve(name) {
      const given = of(name);
      return given !== false && resolveBreaker(given);
    },
    onTransition: (name, { to }) => heard.push(`${name} ${to}`),
  });
  const names = () => registry.all().map(({ name }) => name);
  const change = (next: typeof options) => {
    of = next;
    registry.refresh();
  };
  const call = (name: string, hasFailed = false) => {
    const permit = registry.get(name).tryAcquire();
    if (hasFailed) permit?.failure();
    else permit?.success();
  };
  const trip = (name: string) => {
    for (let i = 0; i < 20; i += 1) call(name, true);
  };
  return { clock, registry, names, heard, change, call, trip };
}

test('there is one breaker for each name', () => {
  const { registry } = createRegistry(10);
  expect(registry.get('a:80')).toBe(registry.get('a:80'));
  expect(registry.get('a:80')).not.toBe(registry.get('a:81'));
  expect(registry.get('a:80').name).toBe('a:80');
  expect(registry.size).toBe(2);
});

test('each has the options of its name, looked up once', () => {
  const asked: string[] = [];
  const { registry } = createRegistry(10, (name) => {
    asked.push(name);
    return { mode: name === 'a' ? 'observe' : 'enforce' };
  });
  for (let i = 0; i < 3; i += 1)
    expect([registry.get('a').mode, registry.get('b').mode]).toEqual(['observe', 'enforce']);
  expect(asked).toEqual(['a', 'b']);
});

test('looking one up does not make it', () => {
  const { registry } = createRegistry(10);
  expect(registry.peek('a')).toBeUndefined();
  const made = registry.get('a');
  expect(registry.peek('a')).toBe(made);
});

test('where there is to be none, everything passes and nothing is kept', () => {
  const { registry } = createRegistry(10, () => false);
  const breaker = registry.get('a');
  for (let i = 0; i < 100; i += 1) breaker.tryAcquire()?.failure();
  expect([breaker.state, registry.size, registry.overflowed]).toEqual(['off', 0, 0]);
});

test('transitions of all of them are told with their name', () => {
  const { trip, heard } = createRegistry(10);
  trip('a');
  expect(heard).toEqual(['a open']);
});

describe('at the limit', () => {
  test('what is closed, clean and unused for a window gives way, least recently used first', () => {
    const { clock, call, names } = createRegistry(3);
    for (const name of ['a', 'b', 'c']) {
      call(name);
      clock.advanceNow(2_000);
    }
    call('a');
    clock.advanceNow(20_000);
    call('d');
    expect(names()).toEqual(['c', 'a', 'd']);
    call('e');
    expect(names()).toEqual(['a', 'd', 'e']);
  });

  test('what was used within its window stays, and the newcomer passes unguarded', () => {
    const { clock, registry, call, names } = createRegistry(2);
    call('a');
    call('b');
    clock.advanceNow(10_000);
    call('c');
    expect(registry.get('c').state).toBe('off');
    expect(names()).toEqual(['a', 'b']);
    expect(registry.overflowed).toBe(2);
  });

  test('the newcomer that passed gets a breaker once there is room', () => {
    const { clock, registry, call, names } = createRegistry(1);
    call('a');
    call('b');
    clock.advanceNow(11_000);
    call('b');
    expect(names()).toEqual(['b']);
    expect(registry.get('b').snapshot().calls).toBe(1);
  });

  test('an open one stays for the longest open period and a window, and no longer', () => {
    const { clock, registry, trip, call } = createRegistry(1);
    trip('a');
    clock.advanceNow(70_999);
    call('b');
    expect(registry.peek('a')).toBeDefined();
    clock.advanceNow(101);
    call('b');
    expect([registry.peek('a'), registry.peek('b')?.name]).toEqual([undefined, 'b']);
  });

  test('open ones do not keep a clean one from giving way', () => {
    const { clock, trip, call, names } = createRegistry(3);
    trip('a');
    trip('b');
    call('c');
    clock.advanceNow(12_000);
    call('d');
    expect(names()).toEqual(['a', 'b', 'd']);
  });

  test('one that failed in a window of calls stays for the open period longer', () => {
    const { clock, registry, call } = createRegistry(1, () => ({ windowCalls: 100 }));
    call('a', true);
    clock.advanceNow(15_999);
    call('b');
    expect(registry.peek('a')).toBeDefined();
    clock.advanceNow(101);
    call('b');
    expect(registry.peek('a')).toBeUndefined();
  });

  test('what an operator set by hand stays', () => {
    const { clock, registry, call, names } = createRegistry(2);
    registry.get('a').forceOpen();
    registry.get('b').setMode('observe');
    clock.advanceNow(1e6);
    call('c');
    expect(names()).toEqual(['a', 'b']);
  });

  test('what has a call under way stays, where calls are counted', () => {
    const { clock, registry, call, names } = createRegistry(1, () => ({ maxConcurrent: 5 }));
    const permit = registry.get('a').tryAcquire();
    clock.advanceNow(1e6);
    call('b');
    expect(names()).toEqual(['a']);
    permit?.success();
    clock.advanceNow(1e6);
    call('b');
    expect(names()).toEqual(['b']);
  });

  test('a clock that goes back does not keep it full for ever', () => {
    let now = 1e6;
    const registry = createBreakerRegistry({
      clock: { now: () => now },
      max: 1,
      random: () => 0,
      resolve: () => resolveBreaker(),
    });
    registry.get('a');
    registry.get('b');
    now = 0;
    registry.get('a');
    now = 11_100;
    expect(registry.get('b').name).toBe('b');
  });
});

test('a hundred thousand hosts that somebody makes up leave it flat, and those in use where they are', () => {
  const { clock, registry, call, names } = createRegistry(100);
  const real = Array.from({ length: 50 }, (_, i) => `real-${i}:80`);
  for (let i = 0; i < 100_000; i += 1) {
    if (i % 500 === 0) for (const name of real) call(name);
    call(`made-up-${i}:80`, i % 2 === 0);
    clock.advanceNow(1);
  }
  expect(registry.size).toBe(100);
  expect(names()).toEqual(expect.arrayContaining(real));
  for (const name of real) expect(registry.peek(name)?.snapshot().calls).toBeGreaterThan(10);
  expect(registry.overflowed).toBeGreaterThan(90_000);
});

describe('a refresh', () => {
  test('gives every breaker its new options and keeps what it has seen', () => {
    const { registry, call, change } = createRegistry(10);
    for (let i = 0; i < 5; i += 1) call('a', true);
    change((name) => ({ minimumCalls: name === 'a' ? 6 : 20 }));
    call('a', true);
    expect(registry.get('a').state).toBe('open');
  });

  test('drops what is to have none any more', () => {
    const { registry, trip, change } = createRegistry(10);
    trip('a');
    change(() => false);
    expect([registry.size, registry.get('a').state]).toEqual([0, 'off']);
  });

  test('leaves a mode that was set by hand', () => {
    const { registry, change } = createRegistry(10);
    registry.get('a').setMode('observe');
    change(() => ({ probes: 5 }));
    expect(registry.get('a').mode).toBe('observe');
  });
});
