import {
  logs as current,
  type LoggerProvider,
  type LogRecord,
  ROOT_CONTEXT,
  trace,
} from '@opentelemetry/api';
import { logs as former } from '@opentelemetry/api-logs';
import pino from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { runSuppressed } from '../../src/context/suppressed.js';
import { instrument } from '../../src/index.js';
import { captureConsole, createLines, inRequest, startLogService } from './support.js';

// The package that was the logs API before version 1.10 of the API keeps its provider in a place of its own.
const apis = [
  ['the logs API', current],
  ['the former logs API', former as unknown as typeof current],
] as const;

test.each(apis)('records that others emit with %s leave with everything they say', async (_name, logs) => {
  const early = logs.getLogger('early');
  const { signals, receiver } = await startLogService({ logs: { export: true } });
  const ids = await inRequest(signals, () =>
    logs.getLogger('jobs', '1.2.3').emit({
      timestamp: new Date(1_700_000_000_000),
      observedTimestamp: [1_700_000_001, 500_000],
      severityNumber: 18,
      severityText: 'ERROR2',
      eventName: 'job.failed',
      body: { job: 'mail', tries: [1, 2.5, null, true] },
      attributes: { 'job.id': 7, bytes: new Uint8Array([1, 2]) },
      exception: new TypeError('no'),
    }),
  );
  early.emit({ body: 'early' });
  await signals.flush();
  const [record, other] = receiver.logs();
  expect(record).toMatchObject({
    timeUnixNano: 1_700_000_000_000_000_000n,
    observedTimeUnixNano: 1_700_000_001_000_500_000n,
    severityNumber: 18,
    severityText: 'ERROR2',
    eventName: 'job.failed',
    body: { job: 'mail', tries: [1, 2.5, undefined, true] },
    attributes: { 'job.id': 7, 'exception.type': 'TypeError', 'exception.message': 'no' },
    scope: { name: 'jobs', version: '1.2.3' },
    ...ids,
  });
  expect(other).toMatchObject({ body: 'early', scope: { name: 'early' } });
});

const logs = current;

test('the context that a record names is that of its span', async () => {
  const { signals, receiver } = await startLogService({ logs: { export: true } });
  const spanContext = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 };
  logs.getLogger('x').emit({ body: 'x', context: trace.setSpanContext(ROOT_CONTEXT, spanContext) });
  await signals.flush();
  expect(receiver.logs()).toMatchObject([
    { traceId: spanContext.traceId, spanId: spanContext.spanId, flags: 1 },
  ]);
});

test('a record of what no record can hold costs nobody else his', async () => {
  const { signals, receiver, said } = await startLogService({ logs: { export: true } });
  const logger = logs.getLogger('x');
  const wrong = [
    { severityNumber: 'high', body: 'severity' },
    { severityNumber: 1e300, body: 'number' },
    { timestamp: new Date(Number.NaN), body: 'time' },
    { timestamp: -1e300, body: 'past' },
    { severityText: {}, eventName: 7, body: 'texts' },
    { attributes: { n: 1e300, nan: Number.NaN, sym: Symbol('s'), nil: null }, body: 'values' },
    { attributes: null, body: 'null' },
    { body: () => {} },
    null,
    { body: 'right' },
  ];
  for (const record of wrong) logger.emit(record as unknown as LogRecord);
  await signals.flush();
  const bodies = receiver.logs().map(({ body }) => body);
  expect(bodies).toEqual(
    expect.arrayContaining(['severity', 'number', 'time', 'past', 'texts', 'values', 'right']),
  );
  expect(receiver.logs().find(({ body }) => body === 'values')?.attributes).toEqual({
    n: '1e+300',
    nan: 'NaN',
    nil: undefined,
  });
  expect(said.every((line) => line.includes('internal error in logs.emit'))).toBe(true);
});

test('what telemetry itself logs is not exported: it would make more of itself', async () => {
  captureConsole();
  const { signals, receiver } = await startLogService({ logs: { export: true } });
  runSuppressed(() => {
    logs.getLogger('x').emit({ body: 'x' });
    console.error('x');
    pino(createLines()).info('x');
  });
  await signals.flush();
  await signals.flush();
  expect(receiver.logs()).toEqual([]);
});

test.each(apis)('a provider registered with %s stays, and our records go through it', async (_name, logs) => {
  const emitted: [string, LogRecord][] = [];
  const provider: LoggerProvider = {
    getLogger: (name) => ({ emit: (record) => void emitted.push([name, record]), enabled: () => true }),
  };
  logs.setGlobalLoggerProvider(provider);
  onTestFinished(() => logs.disable());
  const { signals, receiver } = await startLogService({ logs: { export: true } });
  const { traceId } = await inRequest(signals, () =>
    pino({ base: null }, createLines()).warn({ a: 1 }, 'theirs'),
  );
  await signals.shutdown();
  expect(logs.getLoggerProvider()).toBe(provider);
  expect(receiver.logs()).toEqual([]);
  expect(emitted).toMatchObject([['pino', { body: 'theirs', severityNumber: 13, attributes: { a: 1 } }]]);
  const { context } = emitted[0]?.[1] ?? {};
  expect(trace.getSpanContext(context ?? ROOT_CONTEXT)?.traceId).toBe(traceId);
});

test('a second service of the process takes the lines over when the first one has ended', async () => {
  const first = await startLogService({ logs: { export: true } });
  const second = instrument(undefined, { service: 'other', logs: { export: true }, shutdown: false });
  onTestFinished(() => second.shutdown());
  const logger = pino({ base: null }, createLines());
  logger.info('one');
  await first.signals.shutdown();
  logger.info('two');
  await second.flush();
  expect(first.receiver.logs().map(({ body, resource }) => [body, resource['service.name']])).toEqual([
    ['one', 'orders'],
    ['two', 'other'],
  ]);
});
