const orderEveryMs = 200;
const searchEveryMs = 500;
/** Now and then many come at once. */
const spikeEveryMs = 20_000;
const spikeOrders = 12;
const timeoutMs = 15_000;
const searches = ['espreso cup', 'gridner', 'filter papre', 'samowar'];

/** Order number `index` of a working day: most are paid, some are declined, a few cannot be delivered or are wrong. */
function orderOf(index) {
  if (index % 50 === 49) return { sku: 'espresso-cup', quantity: 0, card: 'card_visa' };
  const sku = index % 25 === 24 ? 'samovar' : ['espresso-cup', 'filter-paper', 'grinder'][index % 3];
  return { sku, quantity: 1 + (index % 4), card: index % 10 === 3 ? 'card_declined' : 'card_visa' };
}

/** People who buy at the gateway: steadily, and many at once now and then. They come whatever becomes of the others. */
export class Customers {
  /** Answers by status; 0 for none. */
  statuses = new Map();
  sent = 0;
  #url;
  #timers = [];
  #searched = 0;

  constructor(url) {
    this.#url = url;
  }

  start() {
    this.#timers = [
      setInterval(() => this.#order(), orderEveryMs),
      setInterval(() => this.#search(), searchEveryMs),
      setInterval(() => {
        for (let index = 0; index < spikeOrders; index++)
          this.#timers.push(setTimeout(() => this.#order(), 80 * index));
        this.#timers.splice(3, this.#timers.length - 3 - spikeOrders);
      }, spikeEveryMs),
    ];
    return this;
  }

  stop() {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  /** Requests that got a 5xx or no answer. */
  get failed() {
    return [...this.statuses].reduce(
      (sum, [status, count]) => sum + (status === 0 || status >= 500 ? count : 0),
      0,
    );
  }

  get answered() {
    return [...this.statuses.values()].reduce((sum, count) => sum + count, 0);
  }

  #order() {
    const body = JSON.stringify(orderOf(this.sent));
    return this.#send('/orders', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  }

  #search() {
    this.#searched += 1;
    const search = searches[this.#searched % searches.length];
    return this.#send(`/products?search=${encodeURIComponent(search)}`);
  }

  async #send(path, init = {}) {
    this.sent += 1;
    let status = 0;
    try {
      const response = await fetch(this.#url + path, { ...init, signal: AbortSignal.timeout(timeoutMs) });
      await response.arrayBuffer();
      status = response.status;
    } catch {
      // It counts as no answer.
    }
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }
}
