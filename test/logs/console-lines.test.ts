import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { captureConsole, inRequest, startLogService } from './support.js';

const correlated = { logs: { correlate: true } };

describe('a line of console in a request', () => {
  const cases: [string, unknown[], (ids: string, json: string) => unknown[]][] = [
    ['of text has the ids at its end', ['paid'], (ids) => [`paid ${ids}`]],
    ['of text with a percent sign keeps it', ['50%s done 100%'], (ids) => [`50%s done 100% ${ids}`]],
    ['with values has them as a last one', ['paid', 7, { a: 1 }], (ids) => ['paid', 7, { a: 1 }, ids]],
    ['with placeholders has its values in them', ['%s of %s', 'a'], (ids) => [`a of %s ${ids}`]],
    ['that is an object has them beside it', [{ a: 1 }], (ids) => [{ a: 1 }, ids]],
    ['of JSON has them as fields', ['{"a":1}'], (_, json) => [`{"a":1,${json}}`]],
    ['of empty JSON has them as fields', ['{}'], (_, json) => [`{${json}}`]],
    [
      'of JSON with blanks and a line end keeps those',
      ['{ "a": 1 } \n'],
      (_, json) => [`{ "a": 1 ,${json}} \n`],
    ],
    [
      'of JSON keeps digits no double holds',
      ['{"n":12345678901234567890}'],
      (_, json) => [`{"n":12345678901234567890,${json}}`],
    ],
    ['that only looks like JSON is text', ['{a}'], (ids) => [`{a} ${ids}`]],
    ['of a JSON array is text', ['[1]'], (ids) => [`[1] ${ids}`]],
    ['that has a trace_id of its own is left alone', ['x trace_id=1'], () => ['x trace_id=1']],
    ['of JSON that has one is left alone', ['{"trace_id":"1"}'], () => ['{"trace_id":"1"}']],
    ['without anything is left alone', [], () => []],
  ];

  test.each(cases)('%s', async (_what, args, expected) => {
    const written = captureConsole();
    const { signals } = await startLogService(correlated);
    const given = structuredClone(args);
    const { traceId, spanId } = await inRequest(signals, () => console.log(...args));
    const words = `trace_id=${traceId} span_id=${spanId} trace_flags=03`;
    const json = `"trace_id":"${traceId}","span_id":"${spanId}","trace_flags":"03"`;
    expect(written).toEqual([expected(words, json)]);
    expect(args).toEqual(given);
  });

  test.each(['debug', 'log', 'info', 'warn', 'error'] as const)('has them by console.%s', async (method) => {
    const written = captureConsole();
    const { signals } = await startLogService(correlated);
    await inRequest(signals, () => console[method]('x'));
    expect(written).toEqual([
      [expect.stringMatching(/^x trace_id=[0-9a-f]{32} span_id=[0-9a-f]{16} trace_flags=03$/)],
    ]);
  });
});

test('a line of console outside of any request is left alone', async () => {
  const written = captureConsole();
  await startLogService(correlated);
  console.log('x', 1);
  expect(written).toEqual([['x', 1]]);
});

test('console is the one it was after shutdown(), and when somebody else has wrapped it, works through him', async () => {
  const written = captureConsole();
  const { log, warn } = console;
  const { signals } = await startLogService(correlated);
  const ours = console.log;
  expect(ours).not.toBe(log);
  console.log = (...args) => ours('wrapped', ...args);
  await signals.shutdown();
  expect(console.warn).toBe(warn);
  await inRequest(signals, () => console.log('x'));
  expect(written).toEqual([['wrapped', 'x']]);
});

test('a console that somebody has frozen stays as it is, and nothing else suffers', async () => {
  captureConsole();
  const { log } = console;
  const frozen = Object.freeze(Object.create(console) as Console);
  vi.stubGlobal('console', frozen);
  onTestFinished(() => void vi.unstubAllGlobals());
  const { said } = await startLogService(correlated);
  expect(frozen.log).toBe(log);
  expect(said).toEqual([expect.stringContaining('internal error in logs.console')]);
});

test('console is untouched without options that ask for it', async () => {
  captureConsole();
  const { log } = console;
  await startLogService({});
  expect(console.log).toBe(log);
});

describe('the export of console lines', () => {
  test('has severity, text as it was written, and the trace context', async () => {
    captureConsole();
    const { signals, receiver } = await startLogService({ logs: { export: true, correlate: true } });
    const ids = await inRequest(signals, () => {
      console.log('%s of %d', 'one', 2, { a: 1 });
      console.error(new Error('broken').message);
    });
    console.debug('outside');
    await signals.flush();
    expect(receiver.logs()).toMatchObject([
      {
        body: 'one of 2 { a: 1 }',
        severityNumber: 9,
        severityText: 'info',
        ...ids,
        scope: { name: 'console' },
      },
      { body: 'broken', severityNumber: 17, severityText: 'error', ...ids },
      { body: 'outside', severityNumber: 5, severityText: 'debug', traceId: '' },
    ]);
  });

  test('takes a structured line apart', async () => {
    captureConsole();
    const { signals, receiver } = await startLogService({ logs: { export: true } });
    console.warn(JSON.stringify({ level: 'warn', message: 'low', sku: 'A1', apiKey: 'k' }));
    console.log('{"nothing":"to say"}');
    await signals.flush();
    expect(receiver.logs()).toMatchObject([
      { body: 'low', attributes: { sku: 'A1', apiKey: 'REDACTED' }, severityNumber: 13 },
      { body: '{"nothing":"to say"}', attributes: {} },
    ]);
  });

  test('contains what a logged value does when it is shown, and writes the line all the same', async () => {
    const written = captureConsole();
    const { signals, receiver, said } = await startLogService({ logs: { export: true } });
    const hostile = {
      [Symbol.for('nodejs.util.inspect.custom')]() {
        console.log('from within');
        throw new Error('no');
      },
    };
    console.log('a', hostile);
    console.log('b');
    await signals.flush();
    expect(written.map(([first]) => first)).toEqual(['from within', 'a', 'b']);
    expect(receiver.logs().map(({ body }) => body)).toEqual(['b']);
    expect(said).toEqual([expect.stringContaining('internal error in logs.console')]);
  });
});
