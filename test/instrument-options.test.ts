import * as http from 'node:http';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { instrument, type Options } from '../src/index.js';
import { optionDifferences } from '../src/service/option-differences.js';

const quiet: Options = { traces: false, metrics: false, heartbeat: false };

/** What is written to standard error. */
function lines(): string[] {
  return vi.mocked(process.stderr.write).mock.calls.map(([line]) => String(line));
}
const warnings = () => lines().filter((line) => line.includes('warn'));

beforeEach(() => void vi.spyOn(process.stderr, 'write').mockReturnValue(true));
afterEach(() => void vi.restoreAllMocks());

function service(options: Options) {
  const app = http.createServer();
  const signals = instrument(app, options);
  onTestFinished(() => signals.shutdown());
  return { app, signals };
}

describe('a second instrument() for the same application', () => {
  test('names the options that differ, what is in force and the cure, once', () => {
    const { app, signals } = service({ ...quiet, service: 'orders', breaker: { minimumCalls: 5 } });
    for (let call = 0; call < 2; call += 1) {
      expect(
        instrument(app, { ...quiet, service: 'payments', breaker: { minimumCalls: 5, openMs: 99 } }),
      ).toBe(signals);
    }
    expect(warnings()).toEqual([
      'golden-signals warn: instrument() was called again for the same application with other options: ' +
        'service ("payments"; in force: "orders"), breaker.openMs (99; in force: the default); ' +
        'those of the first call stay in force, so give all of them there\n',
    ]);
  });

  test('says nothing where the options are the same, or none are given', () => {
    const options = () => ({ ...quiet, ignore: [/^\/a/, '/b'], shutdown: { onDrain: () => {} } });
    const { app, signals } = service(options());
    expect([instrument(app), instrument(app, {}), instrument(app, options())]).toEqual([
      signals,
      signals,
      signals,
    ]);
    expect(warnings()).toEqual([]);
  });
});

describe('the options that differ', () => {
  test('are named by their path, and no secret is shown', () => {
    const inForce = { heartbeat: { url: 'https://a/token' }, ignore: ['/a'], pools: { main: new Map() } };
    const given = {
      heartbeat: { url: 'https://b/token' },
      ignore: [/a/],
      pools: { main: new Map() },
      health: false,
    };
    expect(optionDifferences(inForce, given)).toEqual([
      'heartbeat.url (another text; in force: another text)',
      'ignore (an array of 1; in force: an array of 1)',
      'pools.main (an object (Map); in force: an object (Map))',
      'health (false; in force: the default)',
    ]);
  });

  test('are ten at most', () => {
    const many = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`o${index}`, index]));
    expect(optionDifferences({}, many).at(-1)).toBe('and 2 more');
  });
});

describe('instrument() without an application', () => {
  test('takes options alone', () => {
    const signals = instrument({ ...quiet, service: 'worker', health: {} });
    onTestFinished(() => signals.shutdown());
    expect(signals.health.state).toBe('ready');
  });

  test.each([
    [{ service: 'worker', helth: false }, 'ERR_GS_OPTION', 'option helth is unknown: did you mean health?'],
    [{}, 'ERR_GS_APP', 'instrument() got an object (Object) without properties; it takes'],
    [{ app: 1, server: 2 }, 'ERR_GS_APP', 'instrument() got an object (Object) with app, server; it takes'],
    [
      { default: () => {} },
      'ERR_GS_APP',
      'instrument() got an object (Object): is its default export meant?; it takes',
    ],
    [Promise.resolve(), 'ERR_GS_APP', 'instrument() got a promise: await it first; it takes'],
    ['orders', 'ERR_GS_APP', 'instrument() got "orders"; it takes'],
    [null, 'ERR_GS_APP', 'instrument() got null; it takes'],
  ])('says of anything else what was received: %o', (given, code, message) => {
    expect(() => instrument(given)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
    expect(() => instrument(given, {})).toThrow(expect.objectContaining({ code: 'ERR_GS_APP' }));
  });
});
