import { describe, expect, test, vi } from 'vitest';
import { StartupTasks, type TaskEnd } from '../../src/health/startup.js';
import { settled } from '../support/fake-clock.js';
import { createDeferred, never } from './support/harness.js';

function createTasks(tasks: Record<string, (signal: AbortSignal) => unknown>) {
  const ends: TaskEnd[] = [];
  return {
    ends,
    tasks: new StartupTasks(
      tasks,
      (end) => void ends.push(end),
      (run) => run(),
    ),
  };
}

describe('start-up tasks', () => {
  test('are done at once if there are none', () => {
    expect(createTasks({}).tasks.isDone).toBe(true);
  });

  test('run at the same time, each once, and are done when the last is', async () => {
    const slow = createDeferred();
    const quick = vi.fn(() => {});
    const { tasks } = createTasks({ slow: () => slow.promise, quick });
    tasks.start();
    tasks.start();
    await settled();
    expect(tasks.open).toEqual([['slow', 'pending']]);
    expect(tasks.isDone).toBe(false);
    slow.resolve(false);
    await settled();
    expect(tasks.isDone).toBe(true);
    expect(quick).toHaveBeenCalledOnce();
  });

  test('that throw leave the start-up open', async () => {
    const error = new Error('no migration');
    const { tasks, ends } = createTasks({
      thrown: () => {
        throw error;
      },
      rejected: () => Promise.reject(undefined),
      fine: () => 1,
    });
    tasks.start();
    await settled();
    expect(tasks.isDone).toBe(false);
    expect(tasks.open).toEqual([
      ['thrown', 'failed'],
      ['rejected', 'failed'],
    ]);
    expect(ends.find(({ name }) => name === 'thrown')).toEqual({ name: 'thrown', ok: false, error });
  });

  test('are told when the service stops', () => {
    let signal: AbortSignal | undefined;
    const { tasks } = createTasks({
      slow: (given) => {
        signal = given;
        return never();
      },
    });
    tasks.start();
    expect(signal?.aborted).toBe(false);
    tasks.stop();
    expect(signal?.aborted).toBe(true);
  });
});
