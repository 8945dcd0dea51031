/** Order number `index` of a working day: most are paid, some are declined, some meet a provider that is down, a few are wrong. */
function orderOf(index) {
  const items = [{ sku: 'espresso-cup', quantity: 1 + (index % 4) }];
  if (index % 3 === 0) items.push({ sku: 'filter-paper', quantity: 2 });
  if (index % 20 === 11) items.push({ sku: 'samovar', quantity: 1 });
  if (index % 10 === 3) return { items, card: 'card_declined' };
  if (index % 15 === 7) return { items, card: 'card_unreachable' };
  return { items, card: 'card_visa' };
}

/**
 * Sends `count` orders, `concurrency` at a time.
 * @returns how many there were of each status, and how long it took
 */
export async function sendOrders(url, { count, concurrency }) {
  const statuses = new Map();
  let next = 0;
  const startedAt = performance.now();
  const customer = async () => {
    while (next < count) {
      const order = orderOf(next);
      next += 1;
      const response = await fetch(`${url}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(order),
        signal: AbortSignal.timeout(10_000),
      });
      await response.arrayBuffer();
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, customer));
  return { count, statuses, durationSeconds: (performance.now() - startedAt) / 1_000 };
}
