import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { instrument } from '../../src/index.js';
import { type Postgres, startPostgres } from '../support/postgres.js';
import { registerUserSdk } from './support/sdk.js';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

test('an SDK of the application’s own gets what its databases are asked', async () => {
  const sdk = registerUserSdk(['trace', 'metrics', 'context', 'propagation']);
  const pool = new pg.Pool({ connectionString: postgres.url, max: 1 });
  onTestFinished(() => pool.end());
  const signals = instrument(undefined, { heartbeat: false, pools: { orders: pool } });
  onTestFinished(() => signals.shutdown());
  await pool.query('SELECT 1');
  await signals.tracer.startActiveSpan('caller', async (span) => {
    await Promise.all([pool.query("SELECT 'hunter2'"), pool.query('SELECT nonsense').catch(() => {})]);
    span.end();
  });
  const spans = sdk.spans();
  const caller = spans.find(({ name }) => name === 'caller')?.spanContext().spanId;
  const own = spans.filter(({ parentSpanContext }) => parentSpanContext?.spanId === caller);
  expect(own.map(({ name, kind }) => [name, kind])).toEqual([
    ['SELECT', SpanKind.CLIENT],
    ['orders connection wait', SpanKind.INTERNAL],
    ['SELECT', SpanKind.CLIENT],
  ]);
  expect(own[0]?.attributes).toMatchObject({ 'db.query.text': 'SELECT ?', 'db.system.name': 'postgresql' });
  expect(own[2]).toMatchObject({
    status: { code: SpanStatusCode.ERROR },
    attributes: { 'error.type': '42703', 'db.response.status_code': '42703' },
  });
  expect(await sdk.points('db.client.operation.duration')).toHaveLength(2);
  expect(await sdk.points('db.client.connection.wait_time')).toMatchObject([
    { attributes: { 'db.client.connection.pool.name': 'orders' }, value: { count: 3 } },
  ]);
  expect(await sdk.points('db.client.connection.limit')).toMatchObject([{ value: 1 }]);
});
