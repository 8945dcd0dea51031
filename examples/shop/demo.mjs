// Starts the shop, sends it orders, stops it, and shows what its telemetry says: npm run demo
import { sendOrders } from './customers.mjs';
import { startPostgres } from './postgres.mjs';
import { startReceiver } from './receiver.mjs';
import { redOf, tableOf } from './red.mjs';
import { startService } from './service-process.mjs';
import { linesOf, treesOf } from './traces.mjs';

const orders = { count: 60, concurrency: 4 };
const meanings = { 201: 'paid', 400: 'invalid', 402: 'declined', 502: 'failed at the card provider' };

const isColoured = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const colour = (code) => (text) => (isColoured ? `\u001b[${code}m${text}\u001b[0m` : text);
const paint = { bold: colour(1), dim: colour(2), red: colour(31), cyan: colour(36) };

// What was started ends with this process, however that ends.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

try {
  const ownDatabase = process.env.DATABASE_URL;
  const postgres = ownDatabase === undefined ? await startPostgres() : undefined;
  const receiver = await startReceiver();
  const telemetry = {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    LOG_LEVEL: 'silent',
    OTEL_LOG_LEVEL: 'warn',
  };
  const payment = await startService('payment-service', telemetry);
  const order = await startService('order-service', {
    ...telemetry,
    PAYMENT_URL: payment.url,
    DATABASE_URL: postgres?.url ?? ownDatabase,
  });
  const sent = await sendOrders(order.url, orders);
  await order.stop();
  await payment.stop();
  await postgres?.stop();
  receiver.close();
  report(sent, receiver);
} catch (error) {
  console.error(`demo failed: ${error.message}`);
  process.exit(1);
}

function report({ count, statuses, durationSeconds }, { spans, points }) {
  const unexpected = [...statuses.keys()].filter((status) => meanings[status] === undefined);
  check(unexpected.length === 0, `orders were answered with status ${unexpected}`);
  // What the services do on their own when they start belongs to no order.
  const traces = treesOf(spans).filter(({ root }) => root.attributes['http.request.method'] !== undefined);
  check(traces.length === count, `${count} orders made ${traces.length} traces`);
  const paid = traces.filter(({ root }) => root.attributes['http.response.status_code'] === 201);
  const [slowest] = paid.sort((a, b) => b.root.durationMs - a.root.durationMs);
  check(slowest !== undefined, 'no order was paid');
  const isWhole = paid.every(
    ({ services }) => services.has('order-service') && services.has('payment-service'),
  );
  check(isWhole, 'a paid order has no span of the payment service');
  const red = ['order-service', 'payment-service'].map((name) => redOf(points(), name, durationSeconds));
  check(red[0].count === count, `${count} orders, ${red[0].count} of them measured`);

  const answers = [...statuses].sort(([a], [b]) => a - b).map(([status, of]) => `${of} ${meanings[status]}`);
  console.log(`${paint.bold(`${count} orders in ${durationSeconds.toFixed(1)} s`)}: ${answers.join(', ')}`);
  console.log(`\n${paint.bold('The slowest paid order')}, trace ${slowest.traceId}\n`);
  for (const line of linesOf(slowest, paint)) console.log(`  ${line}`);
  console.log(`\n${paint.bold('Rate, errors, duration')}, from the histogram of each service\n`);
  for (const line of tableOf(red)) console.log(`  ${line}`);
}

function check(isTrue, otherwise) {
  if (!isTrue) throw new Error(otherwise);
}
