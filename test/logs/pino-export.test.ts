import pino from 'pino';
import { describe, expect, test } from 'vitest';
import { traceFields } from '../../src/index.js';
import { createLines, inRequest, startLogService } from './support.js';

describe('lines of pino', () => {
  test('leave as records with severity, body, attributes, trace context and resource', async () => {
    const { signals, receiver } = await startLogService({ logs: { export: true } });
    const lines = createLines();
    const logger = pino({ base: null, mixin: traceFields }, lines);
    const { traceId, spanId } = await inRequest(signals, () =>
      logger.warn({ order: 7, items: ['a', 'b'] }, 'stock is low'),
    );
    logger.info('outside');
    await signals.flush();
    const [inside, outside] = receiver.logs();
    expect(inside).toMatchObject({
      severityNumber: 13,
      severityText: 'warn',
      body: 'stock is low',
      attributes: { order: 7, items: ['a', 'b'] },
      traceId,
      spanId,
      resource: { 'service.name': 'orders' },
      scope: { name: 'pino' },
    });
    expect(Object.keys(inside?.attributes ?? {})).toEqual(['order', 'items']);
    expect(Number((inside?.timeUnixNano ?? 0n) / 1_000_000n)).toBe(lines.json()[0]?.time);
    expect(inside?.observedTimeUnixNano).toBeGreaterThan(0n);
    expect(outside).toMatchObject({ body: 'outside', severityNumber: 9 });
    expect(outside?.traceId).toBe('');
  });
});
