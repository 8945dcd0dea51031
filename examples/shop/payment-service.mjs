// Charges cards through a card provider that is slow, declines some cards and fails for others.
// By itself: PORT=3001 node examples/shop/payment-service.mjs
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import fastify from 'fastify';
import { instrument } from 'golden-signals';
import { authorize } from './card-provider.mjs';
import { runUntilStopped } from './lifecycle.mjs';

const payments = new Map();

const app = fastify();
const signals = instrument(app, {
  service: 'payment-service',
  ignore: ['/ready'],
  metrics: { prometheus: {} },
});

app.get('/ready', async () => ({ status: 'ready' }));

const schema = {
  params: { type: 'object', properties: { id: { type: 'string', format: 'uuid' } } },
  body: {
    type: 'object',
    required: ['amountCents', 'currency', 'card'],
    properties: {
      amountCents: { type: 'integer', minimum: 1 },
      currency: { type: 'string', enum: ['EUR', 'USD'] },
      card: { type: 'string', maxLength: 40 },
    },
  },
};

app.post('/payments/:id/charge', { schema }, async (request, reply) => {
  const { id } = request.params;
  // A charge that is repeated must not be made twice.
  const payment = payments.get(id) ?? (await authorizeTraced(request.body));
  payments.set(id, payment);
  return reply.code(payment.status === 'paid' ? 200 : 402).send({ id, ...payment });
});

await app.listen({ port: Number(process.env.PORT ?? 3001), host: '127.0.0.1' });
runUntilStopped(app.server, signals);

function authorizeTraced({ amountCents, currency, card }) {
  const options = {
    kind: SpanKind.CLIENT,
    attributes: { 'shop.amount_cents': amountCents, 'shop.currency': currency },
  };
  return signals.tracer.startActiveSpan('card-provider authorize', options, async (span) => {
    try {
      const isApproved = await authorize(card);
      const status = isApproved ? 'paid' : 'declined';
      span.setAttribute('shop.payment_status', status);
      return { status, amountCents, currency };
    } catch (error) {
      span.recordException(error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      throw Object.assign(new Error('card provider unavailable', { cause: error }), { statusCode: 503 });
    } finally {
      span.end();
    }
  });
}
