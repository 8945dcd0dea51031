import { describe, expect, onTestFinished, test } from 'vitest';
import { instrument } from '../../src/index.js';
import { setEnvironment, startReceiver } from '../export/support/service.js';

/** The spans of a service for which the environment sets limits, after some work of its user's. */
async function spansOf(variables: Record<string, string>, protocol = 'http/protobuf') {
  const receiver = await startReceiver();
  setEnvironment({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    ...variables,
  });
  const signals = instrument(undefined, { service: 'limits', shutdown: false, heartbeat: false });
  onTestFinished(() => signals.shutdown());
  return { receiver, signals };
}

describe.each(['http/protobuf', 'http/json'])('limits of the environment, over %s', (protocol) => {
  test('hold for the spans of a seam', async () => {
    const { receiver, signals } = await spansOf(
      { OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '2', OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '4' },
      protocol,
    );
    await fetch(`${receiver.url}/nowhere`).then((response) => response.text());
    await signals.flush();
    const span = receiver.spans().find(({ name }) => name === 'GET');
    expect(span?.attributes).toEqual({ 'http.request.method': 'GET', 'server.address': '127.' });
    expect(span?.droppedAttributesCount).toBeGreaterThan(0);
  });

  test('hold for spans that a user begins', async () => {
    const { receiver, signals } = await spansOf(
      {
        OTEL_ATTRIBUTE_COUNT_LIMIT: '2',
        OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: '3',
        OTEL_SPAN_EVENT_COUNT_LIMIT: '1',
        OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: '1',
        OTEL_SPAN_LINK_COUNT_LIMIT: '0',
      },
      protocol,
    );
    const span = signals.tracer.startSpan('work');
    span.setAttributes({ a: 'abcdef', b: ['abcdef', 'x'], c: 1 });
    span.addEvent('one').addEvent('two', { a: 'x', b: 'y' }).addLink({ context: span.spanContext() });
    span.end();
    await signals.flush();
    const found = receiver.spans().find(({ name }) => name === 'work');
    expect(found).toMatchObject({
      attributes: { a: 'abc', b: ['abc', 'x'] },
      droppedAttributesCount: 1,
      events: [{ name: 'two', attributes: { a: 'x' } }],
      links: [],
    });
  });
});
