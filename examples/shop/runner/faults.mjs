import { setTimeout as wait } from 'node:timers/promises';

/**
 * What can be broken. `inject` breaks it and gives back what mends it; one that is over by itself says so by `done`. `alert` is what the
 * console shows of it, with the service it is about.
 */
export const FAULTS = [
  {
    name: 'payment-slow',
    key: '1',
    title: 'Payment is slow: an index is built, and writes to its table wait',
    expect:
      'HighLatencyP99 of payment; its evidence says «INSERT shop.payments», and the trace shows the wait',
    alert: { name: 'HighLatencyP99', service: 'payment' },
    inject: (shop) => lockAgainAndAgain(shop, 'payment', 'shop.payments', 4_000, 500),
  },
  {
    name: 'payment-errors',
    key: '2',
    title: 'Payment fails: one of four calls to the card provider gets a 503',
    expect: 'HighErrorRate of payment, with failed traces and the log line «the card provider failed»',
    alert: { name: 'HighErrorRate', service: 'payment' },
    inject(shop) {
      shop.provider.send({ isActive: true });
      return { mend: () => shop.provider.send({ isActive: false }) };
    },
  },
  {
    name: 'pool-exhausted',
    key: '3',
    title: "Order's pool is used up: a migration locks its table, and each query holds a connection",
    expect: 'DbPoolSaturated of order, pool orders 10 of 10; in traces the wait is a span of its own',
    alert: { name: 'DbPoolSaturated', service: 'order' },
    inject: (shop) => lockAgainAndAgain(shop, 'order', 'shop.orders', 40_000, 500),
  },
  {
    name: 'inventory-hangs',
    key: '4',
    title: 'Inventory hangs: its process is stopped, its port still accepts',
    expect: 'CircuitBreakerOpen of order; orders are still taken, as to be confirmed (202), and fast',
    alert: { name: 'CircuitBreakerOpen', service: 'order' },
    inject(shop) {
      const stopped = shop.of('inventory');
      for (const process of stopped) process.signal('SIGSTOP');
      return {
        mend() {
          for (const process of stopped) process.signal('SIGCONT');
        },
      };
    },
  },
  {
    name: 'loop-blocked',
    key: '5',
    title: "Order's event loop is blocked for half of each second",
    expect: 'EventLoopDelayHigh of order, and gaps in its traces in which nothing is called',
    alert: { name: 'EventLoopDelayHigh', service: 'order' },
    inject: (shop) => tell(shop, 'order', 'block'),
  },
  {
    name: 'worker-killed',
    key: '6',
    title: 'The worker is killed',
    expect: 'HeartbeatStale of worker: it has no server that anybody could ask',
    alert: { name: 'HeartbeatStale', service: 'worker' },
    async inject(shop) {
      const killed = shop.of('worker');
      for (const process of killed) {
        process.isEnding = true;
        process.signal('SIGKILL');
        await process.ended;
      }
      return {
        mend: () => Promise.all(killed.map(({ name }) => shop.startInstance('worker', name))),
      };
    },
  },
  {
    name: 'rolling-restart',
    key: '7',
    title: 'Payment is restarted under load, one instance after the other',
    expect: 'nothing: no order is lost. The states of payment show both restarts',
    inject(shop, customers) {
      const before = { answered: customers.answered, failed: customers.failed };
      const done = (async () => {
        for (const old of shop.of('payment')) {
          await shop.startInstance('payment');
          await shop.stopInstance(old);
        }
        // What was under way when the last one ended is answered by then.
        await wait(1_000);
        const answered = customers.answered - before.answered;
        return `payment was restarted: ${answered} requests meanwhile, ${customers.failed - before.failed} of them failed`;
      })();
      return { done, mend: () => done };
    },
  },
  {
    name: 'trace-stripped',
    key: '8',
    title: 'A proxy before inventory strips the trace context',
    expect: 'Doctor says that requests to inventory begin traces of their own although order sends theirs',
    finding: { service: 'inventory' },
    inject: (shop) => tell(shop, 'inventory', 'strip'),
  },
  {
    name: 'overload',
    key: '9',
    title: 'A crawler asks product for more than it can do',
    expect:
      'HighErrorRate of product: it sheds what is too much by 503 with Retry-After, and answers the rest in time',
    alert: { name: 'HighErrorRate', service: 'product' },
    inject: (shop) => crawl(shop.balancers.get('product').url),
  },
];

/** Breaks and mends, one thing at a time for each fault. */
export class FaultControl {
  #shop;
  #customers;
  #say;
  #active = new Map();

  constructor({ shop, customers, say }) {
    this.#shop = shop;
    this.#customers = customers;
    this.#say = say;
  }

  list() {
    return FAULTS.map(({ name, title, expect }) => ({ name, title, expect, active: this.#active.has(name) }));
  }

  isActive(name) {
    return this.#active.has(name);
  }

  /** Breaks what is whole and mends what is broken, or what `isWanted` says. @returns what is to be seen */
  async toggle(name, isWanted = !this.#active.has(name)) {
    const fault = FAULTS.find((one) => one.name === name);
    if (fault === undefined)
      throw new Error(`there is no fault ${name}; there are ${FAULTS.map((one) => one.name).join(', ')}`);
    if (isWanted === this.#active.has(name)) return `${name} is ${isWanted ? 'active' : 'mended'} already`;
    return isWanted ? this.#break(fault) : this.#mend(fault);
  }

  /** Nothing for a key that stands for no fault. */
  toggleByKey(key) {
    const fault = FAULTS.find((one) => one.key === key);
    return fault === undefined ? undefined : this.toggle(fault.name);
  }

  async mendAll() {
    await Promise.allSettled([...this.#active.keys()].map((name) => this.toggle(name, false)));
  }

  async #break(fault) {
    const { name, title, expect, inject } = fault;
    const injecting = Promise.resolve().then(() => inject(this.#shop, this.#customers));
    this.#active.set(name, injecting);
    this.#say(`broken: ${title}. To be seen: ${expect}`);
    try {
      const { done } = await injecting;
      done?.then(
        (said) => this.#over(name, said),
        (error) => this.#over(name, `${name} failed: ${error.message}`),
      );
    } catch (error) {
      this.#active.delete(name);
      throw error;
    }
    return expect;
  }

  async #mend({ name }) {
    const { mend } = await this.#active.get(name);
    await mend();
    // One that is over by itself has said so.
    if (this.#active.delete(name)) this.#say(`mended: ${name}`);
    return `${name} is mended`;
  }

  #over(name, said) {
    this.#active.delete(name);
    this.#say(said);
  }
}

/** Holds a table as CREATE INDEX and a migration do: who reads goes on, who writes waits. */
async function lockAgainAndAgain(shop, service, table, holdMs, pauseMs) {
  const client = await shop.connect(service);
  const mended = new AbortController();
  const over = (async () => {
    while (!mended.signal.aborted) {
      await client.query(`BEGIN; LOCK TABLE ${table} IN SHARE MODE`);
      await wait(holdMs, undefined, { signal: mended.signal }).catch(() => {});
      await client.query('COMMIT');
      await wait(pauseMs, undefined, { signal: mended.signal }).catch(() => {});
    }
  })().catch(() => {});
  return {
    async mend() {
      mended.abort();
      await over;
      await client.end();
    },
  };
}

function tell(shop, name, fault) {
  for (const process of shop.of(name)) process.send({ fault, isActive: true });
  return {
    mend() {
      for (const process of shop.of(name)) process.send({ fault, isActive: false });
    },
  };
}

/** Searches that come faster than product answers them, whatever it answers. */
function crawl(url) {
  const words = 'espresso cup filter paper grinder samovar';
  const timer = setInterval(() => {
    for (let index = 0; index < 10; index++) {
      fetch(`${url}/products?search=${encodeURIComponent(words)}`, { signal: AbortSignal.timeout(10_000) })
        .then((response) => response.arrayBuffer())
        .catch(() => {});
    }
  }, 50);
  return { mend: () => clearInterval(timer) };
}
