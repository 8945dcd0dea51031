import { existsSync } from 'node:fs';
import pg from 'pg';
import { Balancer } from './balancer.mjs';
import { fileOf, Process } from './processes.mjs';
import { compiled } from './typescript.mjs';

/** Thresholds of a demo: alerts fire and resolve while somebody watches. */
const consoleFlags = ['--for', '5s', '--window', '30s', '--export-interval', '2s', '--loop-delay', '250ms'];
const databases = { order: 'orders', inventory: 'stock', payment: 'payments', product: 'products' };
const ports = { gateway: 3000, order: 3001, inventory: 3002, payment: 3003, product: 3004 };
const replicas = { payment: 2 };
const attempts = 4;

/** The console, the database, the card provider and the services, each a process. */
export class Shop {
  /** Address of each service, before its instances. */
  balancers = new Map();
  /** Every process of a service by its instance, as in `payment-2`. */
  instances = new Map();
  console;
  provider;
  #keeper;
  #say;
  #onLost;
  #urls = {};
  #numbers = new Map();
  #isStopping = false;

  /** `say` gets lines about progress, `onLost` each process that ended by itself. */
  constructor({ say, onLost }) {
    this.#say = say;
    this.#onLost = onLost;
  }

  /** Starts everything; resolves when all services are ready. */
  async start({ port, memory, actionsUrl }) {
    const began = performance.now();
    this.#keeper = new Process('keeper', fileOf('keeper.mjs'));
    const [, databaseUrls] = await Promise.all([
      this.#startConsole(port, memory, actionsUrl),
      this.#startDatabase(),
      this.#listen(),
    ]);
    this.#urls = databaseUrls;
    const names = ['gateway', 'order', 'inventory', 'payment', 'product', 'worker'];
    this.#say(`starting ${names.join(', ')}`);
    const wanted = names.flatMap((name) => Array.from({ length: replicas[name] ?? 1 }, () => name));
    this.provider = this.#keep(
      new Process('card provider', fileOf('card-provider.mjs'), { env: { PORT: '0' } }),
    );
    await this.provider.started();
    await Promise.all(wanted.map((name) => this.startInstance(name)));
    this.#say(`all services are ready, after ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  }

  /** Starts one more instance of a service, or one in place of another; resolves when it is ready and gets requests. */
  async startInstance(name, instance = this.#nextInstance(name)) {
    for (let attempt = 1; ; attempt++) {
      const process = await this.#start(name, instance);
      if (await process.ready()) {
        if (process.url !== undefined && !this.#isStopping) this.balancers.get(name).add(process.url);
        return process;
      }
      if (this.#isStopping || attempt === attempts)
        throw new Error(`${instance} does not get ready: ${process.said}`);
      // As a kubelet does when the start-up probe fails.
      this.#say(`${instance} does not get ready, and is started anew`);
      await this.stopInstance(process);
    }
  }

  async #start(name, instance) {
    const process = this.#keep(
      new Process(instance, await fileOfService(name), {
        env: this.#envOf(name, instance),
        isControlled: true,
      }),
    );
    this.instances.set(instance, process);
    return process.started();
  }

  /** Ends an instance as a deployment does. */
  async stopInstance(process) {
    await process.stop(20_000);
    this.#forget(process);
  }

  /** The instances of a service. */
  of(name) {
    return [...this.instances.values()].filter((process) => process.name.replace(/-\d+$/, '') === name);
  }

  /** A connection to the database of a service, for what breaks it. */
  async connect(name) {
    const client = new pg.Client({ connectionString: this.#urls[name] });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  /** Ends everything that was started, in order: what takes requests before what it needs. */
  async stop() {
    this.#isStopping = true;
    for (const process of this.instances.values()) process.isEnding = true;
    await Promise.all([...this.instances.values()].map((process) => process.stop()));
    for (const balancer of this.balancers.values()) balancer.close();
    await Promise.all([this.provider?.stop(), this.console?.stop()]);
    this.#keeper?.disconnect();
    await this.#keeper?.ended;
  }

  async #startConsole(port, memory, actionsUrl) {
    const bounded = memory === undefined ? [] : ['--memory', memory];
    const args = ['console', '--port', String(port), '--actions', actionsUrl, ...bounded, ...consoleFlags];
    const file = fileOf('../../../dist/cli/main.js');
    if (!existsSync(file)) throw new Error(`${file} is missing: npm run build makes it`);
    this.console = this.#keep(new Process('console', file, { args }));
    await this.console.started();
    this.#say(`the console is at ${this.console.url}`);
  }

  async #startDatabase() {
    const own = process.env.DATABASE_URL;
    if (own !== undefined) return Object.fromEntries(Object.keys(databases).map((name) => [name, own]));
    this.#say('starting PostgreSQL');
    const began = performance.now();
    const { url, failure } = await this.#keeper.ask({ isStart: true });
    if (failure !== undefined) throw new Error(failure);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    for (const name of Object.values(databases)) await client.query(`CREATE DATABASE ${name}`);
    await client.end();
    this.#say(`PostgreSQL is ready, after ${((performance.now() - began) / 1_000).toFixed(1)} s`);
    return Object.fromEntries(
      Object.entries(databases).map(([service, name]) => [service, url.replace(/\/postgres$/, `/${name}`)]),
    );
  }

  async #listen() {
    for (const [name, port] of Object.entries(ports)) {
      this.balancers.set(name, await new Balancer().listen(port));
    }
  }

  #envOf(name, instance) {
    const urlOf = (service) => this.balancers.get(service).url;
    return {
      PORT: '0',
      DATABASE_URL: this.#urls[name === 'worker' ? 'payment' : name] ?? '',
      ORDER_URL: urlOf('order'),
      INVENTORY_URL: urlOf('inventory'),
      PAYMENT_URL: urlOf('payment'),
      PRODUCT_URL: urlOf('product'),
      CARD_PROVIDER_URL: this.provider.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: this.console.url,
      OTEL_LOGS_EXPORTER: 'otlp',
      OTEL_METRIC_EXPORT_INTERVAL: '1000',
      OTEL_BSP_SCHEDULE_DELAY: '500',
      OTEL_BLRP_SCHEDULE_DELAY: '500',
      OTEL_LOG_LEVEL: 'warn',
      OTEL_RESOURCE_ATTRIBUTES: `service.instance.id=${instance}`,
    };
  }

  #nextInstance(name) {
    const number = (this.#numbers.get(name) ?? 0) + 1;
    this.#numbers.set(name, number);
    return `${name}-${number}`;
  }

  /** Has the keeper end it if this process cannot, and notices when it ends. */
  #keep(process) {
    this.#keeper.send({ pid: process.pid });
    process.ended.then(([code, signal]) => {
      this.#keeper.send({ pid: process.pid, hasEnded: true });
      this.#forget(process);
      if (!process.isEnding) this.#onLost(process, signal ?? `exit code ${code}`);
    });
    return process;
  }

  #forget(process) {
    if (process.url !== undefined) this.balancers.get(process.name.replace(/-\d+$/, ''))?.remove(process.url);
    if (this.instances.get(process.name) === process) this.instances.delete(process.name);
  }
}

async function fileOfService(name) {
  for (const ending of ['mjs', 'cjs']) {
    const file = fileOf(`../services/${name}.${ending}`);
    if (existsSync(file)) return file;
  }
  return compiled(name);
}
