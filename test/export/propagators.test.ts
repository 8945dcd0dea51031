import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { context, propagation } from '@opentelemetry/api';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { startReceiver, startService } from './support/service.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const headers = {
  traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01`,
  baggage: 'tenant=shop',
  'x-fake': `${TRACE_ID}:c7ad6b7169203331`,
};

/** One request with each kind of header; gives the trace it became a part of, and what a call of its own would carry. */
async function passThrough(propagators: string | undefined) {
  const receiver = await startReceiver();
  const sent: Record<string, string> = {};
  const service = await startService(
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      ...(propagators === undefined ? {} : { OTEL_PROPAGATORS: propagators }),
    },
    {},
    (_req, res) => {
      propagation.inject(context.active(), sent);
      res.end();
    },
  );
  await service.get('/', headers);
  await service.signals.flush();
  const [span] = receiver.spans();
  return {
    span,
    sent,
    lines: service.lines.filter((line) => !/golden-signals info:|has no name/.test(line)),
  };
}

/** A working directory in which a package is installed that exports what the given code does. */
function install(name: string, code: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'golden-signals-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'node_modules', name, 'index.js');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, code);
  const cwd = vi.spyOn(process, 'cwd').mockReturnValue(folder);
  onTestFinished(() => cwd.mockRestore());
}

const fake = (className: string) => `
  exports.B3InjectEncoding = { MULTI_HEADER: 7 };
  exports.${className} = class {
    constructor(options) { this.options = options; }
    inject(context, carrier, setter) { setter.set(carrier, 'x-sent', JSON.stringify(this.options ?? null)); }
    extract(context, carrier, getter) {
      const [traceId, spanId] = getter.get(carrier, 'x-fake').split(':');
      const key = Symbol.for('OpenTelemetry Context Key SPAN');
      const spanContext = { traceId, spanId, traceFlags: 1, isRemote: true };
      return context.setValue(key, { spanContext: () => spanContext });
    }
    fields() { return ['x-fake']; }
  };`;

describe('OTEL_PROPAGATORS', () => {
  test('is Trace Context and Baggage by default', async () => {
    const { span, sent } = await passThrough(undefined);
    expect(span).toMatchObject({ traceId: TRACE_ID, parentSpanId: 'b7ad6b7169203331' });
    expect(sent).toEqual({ traceparent: `00-${TRACE_ID}-${span?.spanId}-01`, baggage: 'tenant=shop' });
  });

  test('tracecontext leaves baggage behind', async () => {
    const { span, sent } = await passThrough('tracecontext');
    expect(span?.parentSpanId).toBe('b7ad6b7169203331');
    expect(sent).toEqual({ traceparent: `00-${TRACE_ID}-${span?.spanId}-01` });
  });

  test('baggage leaves the trace behind', async () => {
    const { span, sent } = await passThrough('baggage');
    expect(span?.parentSpanId).toBe('');
    expect(sent).toEqual({ baggage: 'tenant=shop' });
  });

  test('none reads and sends nothing', async () => {
    const { span, sent, lines } = await passThrough('none');
    expect(span?.parentSpanId).toBe('');
    expect(sent).toEqual({});
    expect(lines).toEqual([]);
  });

  test.each([
    ['b3', 'B3Propagator', '@opentelemetry/propagator-b3', 'null'],
    ['b3multi', 'B3Propagator', '@opentelemetry/propagator-b3', '{"injectEncoding":7}'],
    ['jaeger', 'JaegerPropagator', '@opentelemetry/propagator-jaeger', 'null'],
  ])(
    '%s is made of the package that the application has installed',
    async (name, className, module, options) => {
      install(module, fake(className));
      const { span, sent, lines } = await passThrough(`${name},baggage`);
      expect(span).toMatchObject({ traceId: TRACE_ID, parentSpanId: 'c7ad6b7169203331' });
      expect(sent).toEqual({ 'x-sent': options, baggage: 'tenant=shop' });
      expect(lines).toEqual([]);
    },
  );

  test.each([
    ['b3', '@opentelemetry/propagator-b3'],
    ['b3multi', '@opentelemetry/propagator-b3'],
    ['jaeger', '@opentelemetry/propagator-jaeger'],
  ])('%s without its package costs one line, and the others work', async (name, module) => {
    const { span, lines } = await passThrough(`${name},tracecontext`);
    expect(span?.parentSpanId).toBe('b7ad6b7169203331');
    expect(lines).toEqual([
      `golden-signals warn: OTEL_PROPAGATORS names ${name}, but the package ${module} is not installed: install it, or take the name out; it is left out until then`,
    ]);
  });

  test('a package that throws while it works keeps no request from being answered', async () => {
    install(
      '@opentelemetry/propagator-b3',
      `exports.B3Propagator = class {
         inject() { throw new Error('no'); }
         extract() { throw new Error('no'); }
         fields() { return []; }
       };`,
    );
    const { span, sent } = await passThrough('b3,tracecontext');
    expect(span?.parentSpanId).toBe('b7ad6b7169203331');
    expect(Object.keys(sent)).toEqual(['traceparent']);
  });
});
