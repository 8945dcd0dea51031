import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installTarball, type Scratch } from './scratch.js';
import { CALLER, collector } from './telemetry.js';

const SLOW_MS = 120_000;
const [, TRACE_ID, CALLER_ID] = CALLER.split('-');

const libraries = { '@grpc/grpc-js': '^1.14.0', amqplib: '^0.10.0', graphql: '^16.0.0' };
const lines = {
  '2.x': {
    '@opentelemetry/api': '1.9.1',
    '@opentelemetry/instrumentation': '0.223.0',
    '@opentelemetry/instrumentation-amqplib': '0.70.0',
    '@opentelemetry/instrumentation-graphql': '0.71.0',
    '@opentelemetry/instrumentation-grpc': '0.223.0',
  },
  '3.x': {
    '@opentelemetry/api': '1.10.0',
    '@opentelemetry/instrumentation': '0.300.0',
    '@opentelemetry/instrumentation-amqplib': '0.71.0',
    '@opentelemetry/instrumentation-graphql': '0.72.0',
    '@opentelemetry/instrumentation-grpc': '0.300.0',
  },
};

describe.each(['2.x', '3.x'] as const)('official instrumentations of the %s line on top of ours', (line) => {
  let scratch: Scratch;

  beforeAll(async () => {
    scratch = await installTarball({ ...libraries, ...lines[line] });
  }, 5 * SLOW_MS);

  afterAll(() => scratch?.remove());

  // The broker of AMQP is a small one of the fixtures, not RabbitMQ; gRPC and GraphQL are the real thing on both sides.
  test.each([
    ['CommonJS', ['instrumentations/service.cjs']],
    ['ES modules', ['--import', './instrumentations/register.mjs', 'instrumentations/service.mjs']],
  ])(
    'in a service of %s, spans of gRPC, GraphQL and AMQP are in the trace of the request and leave with it',
    { timeout: SLOW_MS },
    async (_kind, args) => {
      const receiver = await collector();
      const ended = await scratch.node(args, {
        CALLER,
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_LOG_LEVEL: 'warn',
      });
      expect(ended).toMatchObject({ exit: 0, stderr: '' });
      expect(JSON.parse(ended.stdout)).toEqual({ greeting: 'hello 7', price: 42, job: '7' });

      const spans = receiver.spans().filter(({ traceId }) => traceId === TRACE_ID);
      const parentOf = new Map(spans.map(({ spanId, kind, name }) => [spanId, `${kind} ${name}`]));
      const tree = spans.map(({ kind, name, parentSpanId = '' }) => [
        `${kind} ${name}`,
        parentSpanId === CALLER_ID ? 'the caller' : parentOf.get(parentSpanId),
      ]);
      expect(Object.fromEntries(tree)).toEqual({
        'SERVER GET': 'the caller',
        'CLIENT grpc.demo.Greeter/Hello': 'SERVER GET',
        'SERVER grpc.demo.Greeter/Hello': 'CLIENT grpc.demo.Greeter/Hello',
        'INTERNAL graphql.parse': 'SERVER GET',
        'INTERNAL graphql.validate': 'SERVER GET',
        'INTERNAL query Price': 'SERVER GET',
        'INTERNAL graphql.resolve price': 'INTERNAL query Price',
        'PRODUCER publish <default>': 'SERVER GET',
        'CONSUMER jobs process': 'PRODUCER publish <default>',
      });
      expect(spans).toHaveLength(tree.length);
      expect(receiver.requests.flatMap(({ problem }) => problem ?? [])).toEqual([]);
    },
  );
});
