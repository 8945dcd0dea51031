import { context } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { describe, expect, test } from 'vitest';
import { activeContext } from '../../src/context/storage.js';
import { type Condition, Heartbeat } from '../../src/process/heartbeat.js';
import {
  type Beat,
  type BeatKind,
  type HeartbeatOptions,
  resolveHeartbeat,
} from '../../src/process/heartbeat-options.js';
import { type BeatTarget, RefusedBeat } from '../../src/process/heartbeat-target.js';
import { createFakeClock, fakeEpochMs, settled } from '../support/fake-clock.js';

interface SetUp {
  readonly options?: HeartbeatOptions;
  readonly send?: (beat: Beat) => Promise<unknown>;
  readonly isSilent?: boolean;
  readonly random?: () => number;
}

function createHeart({ options, send = async () => {}, isSilent = false, random = () => 0.5 }: SetUp = {}) {
  const clock = createFakeClock(0);
  const beats: string[] = [];
  const lines: string[] = [];
  let condition: Condition = 'healthy';
  let stalledMs = 0;
  const target: BeatTarget = {
    name: 'http://monitor.test',
    takes: () => true,
    send(beat) {
      beats.push(`${clock.now()} ${beat.kind}`);
      return send(beat);
    },
  };
  const heartbeat = new Heartbeat({
    config: resolveHeartbeat({ intervalMs: 10_000, ...options }),
    targets: isSilent ? [] : [target],
    clock,
    timers: clock,
    random,
    log: { warn: (line) => lines.push(line), info: (line) => lines.push(line), warnOnce() {} },
    condition: () => condition,
    stalledMs: () => stalledMs,
  });
  const metric = (name: string) => {
    const instrument = heartbeat.instruments.find((one) => one.name === `golden_signals.heartbeat.${name}`);
    const [series] = instrument?.series ?? [];
    return (series?.value as { value: number } | undefined)?.value;
  };
  return {
    heartbeat,
    clock,
    beats,
    lines,
    metric,
    becomes(next: Condition) {
      condition = next;
    },
    stall(ms: number) {
      stalledMs += ms;
    },
  };
}

describe('a heart', () => {
  test('beats at once and then at every interval', async () => {
    const { heartbeat, clock, beats } = createHeart();
    heartbeat.start();
    await clock.advance(20_000);
    expect(beats).toEqual(['0 alive', '10000 alive', '20000 alive']);
  });

  test.each([
    [0, 9_000],
    [1, 11_000],
  ])('varies its interval by a tenth: random %d gives %i ms', async (random, second) => {
    const { heartbeat, clock, beats } = createHeart({ random: () => random });
    heartbeat.start();
    await clock.advance(second);
    expect(beats).toEqual(['0 alive', `${second} alive`]);
  });

  test('waits for the end of the start-up, looking each second, and does not take it for a failure', async () => {
    const { heartbeat, clock, beats, becomes } = createHeart();
    becomes('neither');
    heartbeat.start();
    await clock.advance(2_500);
    becomes('healthy');
    await clock.advance(500);
    expect(beats).toEqual(['3000 alive']);
  });

  test('says that the service fails while it does', async () => {
    const { heartbeat, clock, beats, becomes } = createHeart();
    heartbeat.start();
    becomes('failing');
    await clock.advance(10_000);
    becomes('healthy');
    await clock.advance(10_000);
    expect(beats).toEqual(['0 alive', '10000 failing', '20000 alive']);
  });

  test('leaves out a beat when the loop was stuck for an interval, and goes on after it', async () => {
    const { heartbeat, clock, beats, stall } = createHeart();
    heartbeat.start();
    stall(10_000);
    await clock.advance(10_000);
    stall(9_999);
    await clock.advance(10_000);
    expect(beats).toEqual(['0 alive', '20000 alive']);
  });

  test('beats only while there is progress, if it is told how recent', async () => {
    const { heartbeat, clock, beats } = createHeart({ options: { progressWindowMs: 15_000 } });
    heartbeat.start();
    await clock.advance(20_000);
    expect(beats).toEqual(['0 alive', '10000 alive']);
    heartbeat.progress();
    await clock.advance(10_000);
    expect(beats).toEqual(['0 alive', '10000 alive', '30000 alive']);
  });

  test('has never two beats under way', async () => {
    const ends: (() => void)[] = [];
    const { heartbeat, clock, beats } = createHeart({
      options: { timeoutMs: 60_000 },
      send: () => new Promise<void>((resolve) => ends.push(resolve)),
    });
    heartbeat.start();
    await clock.advance(20_000);
    expect(beats).toEqual(['0 alive']);
    ends[0]?.();
    await clock.advance(10_000);
    expect(beats).toEqual(['0 alive', '30000 alive']);
  });

  test('is neither traced nor guarded', async () => {
    const contexts: boolean[] = [];
    const { heartbeat } = createHeart({
      send: async () => contexts.push(isTracingSuppressed(activeContext())),
    });
    heartbeat.start();
    await settled();
    expect(contexts).toEqual([true]);
    expect(isTracingSuppressed(context.active())).toBe(false);
  });
});

describe('a beat that does not get through', () => {
  test('is sent again with growing pauses, within its interval', async () => {
    const { heartbeat, clock, beats, metric } = createHeart({
      send: () => Promise.reject(new Error('reset')),
    });
    heartbeat.start();
    await clock.advance(9_999);
    expect(beats).toEqual(['0 alive', '1000 alive', '3000 alive']);
    expect([metric('sent'), metric('failed')]).toEqual([0, 1]);
  });

  test('is not sent again where the next one is near', async () => {
    const { heartbeat, clock, beats } = createHeart({
      options: { intervalMs: 2_000, retries: 9 },
      send: () => Promise.reject(new Error('reset')),
    });
    heartbeat.start();
    await clock.advance(1_999);
    expect(beats).toEqual(['0 alive', '1000 alive']);
  });

  test('is not sent again where it was refused for good', async () => {
    const { heartbeat, clock, beats } = createHeart({ send: () => Promise.reject(new RefusedBeat(404)) });
    heartbeat.start();
    await clock.advance(9_999);
    expect(beats).toEqual(['0 alive']);
  });

  test('is given up after the time-out, and told so', async () => {
    const signals: AbortSignal[] = [];
    const { heartbeat, clock, metric } = createHeart({
      options: { timeoutMs: 3_000, retries: 0 },
      send({ signal }) {
        signals.push(signal);
        return new Promise(() => {});
      },
    });
    heartbeat.start();
    await clock.advance(2_999);
    expect(metric('failed')).toBe(0);
    await clock.advance(1);
    expect(metric('failed')).toBe(1);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  test('is said once, and that they get through again, too', async () => {
    let isDown = true;
    const { heartbeat, clock, lines, metric } = createHeart({
      options: { retries: 0 },
      send: () => (isDown ? Promise.reject('nothing') : Promise.resolve()),
    });
    heartbeat.start();
    await clock.advance(10_000);
    isDown = false;
    await clock.advance(20_000);
    expect(lines).toEqual([
      'a heartbeat did not reach http://monitor.test: nothing',
      'heartbeats reach http://monitor.test again',
    ]);
    expect([metric('sent'), metric('failed')]).toEqual([2, 2]);
  });
});

describe('the last beat', () => {
  test.each<BeatKind>(['shutdown', 'crash'])('says %s, and is the last', async (kind) => {
    const { heartbeat, clock, beats } = createHeart();
    heartbeat.start();
    await settled();
    await heartbeat.stop(kind as 'shutdown');
    await heartbeat.stop('shutdown');
    await clock.advance(60_000);
    expect(beats).toEqual(['0 alive', `0 ${kind}`]);
    expect(clock.pending).toBe(0);
  });

  test('takes at most 2 s, and is not tried again', async () => {
    const { heartbeat, clock, beats } = createHeart({ send: () => new Promise(() => {}) });
    heartbeat.start();
    let isOver = false;
    void heartbeat.stop('shutdown').then(() => {
      isOver = true;
    });
    await clock.advance(1_999);
    expect(isOver).toBe(false);
    await clock.advance(1);
    await settled();
    expect(isOver).toBe(true);
    expect(beats).toEqual(['0 alive', '0 shutdown']);
  });

  test('is not followed by the retry of an earlier one', async () => {
    const { heartbeat, clock, beats } = createHeart({ send: () => Promise.reject(new Error('reset')) });
    heartbeat.start();
    await clock.advance(500);
    await heartbeat.stop('shutdown');
    await clock.advance(10_000);
    expect(beats).toEqual(['0 alive', '500 shutdown']);
  });
});

describe('the metrics of the heartbeat', () => {
  test('say when the process last found itself alive, and how often it looks, with nobody to beat for', async () => {
    const { heartbeat, clock, metric } = createHeart({ isSilent: true });
    heartbeat.start();
    expect([metric('timestamp'), metric('interval')]).toEqual([fakeEpochMs / 1_000, 10]);
    await clock.advance(25_000);
    expect(metric('timestamp')).toBe(fakeEpochMs / 1_000 + 20);
  });

  test('tell that no further beat is to be expected once the service ends in order, not when it crashes', async () => {
    const ended = createHeart();
    ended.heartbeat.start();
    await ended.heartbeat.stop('shutdown');
    expect(ended.metric('interval')).toBe(0);
    const crashed = createHeart();
    crashed.heartbeat.start();
    await crashed.heartbeat.stop('crash');
    expect(crashed.metric('interval')).toBe(10);
  });

  test('go on while the service starts or fails, and stand still while it is stuck', async () => {
    const { heartbeat, clock, metric, becomes, stall } = createHeart({ isSilent: true });
    becomes('neither');
    heartbeat.start();
    becomes('failing');
    await clock.advance(10_000);
    expect(metric('timestamp')).toBe(fakeEpochMs / 1_000 + 10);
    stall(10_000);
    await clock.advance(10_000);
    expect(metric('timestamp')).toBe(fakeEpochMs / 1_000 + 10);
  });
});
