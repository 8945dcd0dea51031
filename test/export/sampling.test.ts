import { context, trace } from '@opentelemetry/api';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { RequestRecord } from '../../src/server/request-record.js';
import { startReceiver, startService } from './support/service.js';

const LOW = '0af7651916cd43dd0000000000000001';
const HIGH = '0af7651916cd43ddffffffffffffffff';
const caller = (traceId: string, flags: string) => ({
  traceparent: `00-${traceId}-b7ad6b7169203331-${flags}`,
});

/** Requests that differ in what their caller has decided, and the paths of those that were recorded. */
async function recorded(environment: Record<string, string>, sampleRatio?: number) {
  const receiver = await startReceiver();
  const { get, signals, lines } = await startService(
    { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...environment },
    sampleRatio === undefined ? {} : { traces: { sampleRatio } },
  );
  await get('/alone');
  await get('/sampled', caller(LOW, '03'));
  await get('/unsampled', caller(HIGH, '02'));
  await get('/low', caller(LOW, '02'));
  await get('/high', caller(HIGH, '02'));
  await signals.flush();
  expect(lines).toEqual([]);
  const [duration] = receiver.metrics().filter(({ name }) => name === 'http.server.request.duration');
  expect(duration?.count, 'every request counts, recorded or not').toBe(5);
  return receiver.spans().map(({ attributes }) => attributes['url.path']);
}

describe('OTEL_TRACES_SAMPLER', () => {
  const every = ['/alone', '/sampled', '/unsampled', '/low', '/high'];

  test.each([
    [{}, ['/alone', '/sampled']],
    [{ OTEL_TRACES_SAMPLER: 'always_on' }, every],
    [{ OTEL_TRACES_SAMPLER: 'always_off' }, []],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_always_on' }, ['/alone', '/sampled']],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, ['/sampled']],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio' }, every],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, []],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, ['/sampled']],
    [
      { OTEL_TRACES_SAMPLER: 'Parentbased_TraceIdRatio', OTEL_TRACES_SAMPLER_ARG: '1' },
      ['/alone', '/sampled'],
    ],
  ])('%j records %j', async (environment, expected) => {
    expect(await recorded(environment)).toEqual(expected);
  });

  test('traceidratio decides by the trace id alone, so that every service decides alike', async () => {
    const half = { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' };
    const paths = (await recorded(half)).filter((path) => path !== '/alone');
    expect(paths).toEqual(['/unsampled', '/high']);
  });

  test('is overruled by the option in the code', async () => {
    expect(await recorded({ OTEL_TRACES_SAMPLER: 'always_on' }, 0)).toEqual(['/sampled']);
  });
});

describe('a request that is not recorded', () => {
  test('is still a part of its trace, and says so to the services behind', async () => {
    const receiver = await startReceiver();
    const seen: unknown[] = [];
    const service = await startService({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }, {}, (_req, res) => {
      const span = trace.getSpan(context.active());
      seen.push(span?.isRecording(), span?.spanContext());
      const child = service.signals.tracer.startSpan('work');
      seen.push(child.isRecording(), child.spanContext().traceId);
      child.end();
      res.end();
    });
    await service.get('/', caller(HIGH, '02'));
    await service.signals.flush();
    expect(seen).toMatchObject([false, { traceId: HIGH, traceFlags: 2 }, false, HIGH]);
    expect(seen[1]).not.toMatchObject({ spanId: 'b7ad6b7169203331' });
    expect(receiver.spans()).toEqual([]);
  });

  test('costs no attributes', async () => {
    const read = vi.spyOn(RequestRecord.prototype, 'ownAttributes');
    onTestFinished(() => read.mockRestore());
    const { get } = await startService({ OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' });
    await get('/', caller(HIGH, '02'));
    expect(read).not.toHaveBeenCalled();
    await get('/', caller(HIGH, '03'));
    expect(read).toHaveBeenCalled();
  });

  test('because it is ignored lets a span of the user’s begin a trace of its own', async () => {
    const receiver = await startReceiver();
    const service = await startService(
      { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
      { ignore: ['/quiet'] },
      (_req, res) => {
        service.signals.tracer.startSpan('work').end();
        res.end();
      },
    );
    await service.get('/quiet');
    await service.signals.flush();
    expect(receiver.spans()).toMatchObject([{ name: 'work', parentSpanId: '', flags: 0x100 | 3 }]);
  });
});
