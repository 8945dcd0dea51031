import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

const DEMO = join(__dirname, '../../examples/shop/demo.mjs');
/** Everything takes longer on a machine that is busy. */
const SLOW_MS = 150_000;

interface Alert {
  readonly name: string;
  readonly state: string;
  readonly service: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly evidence: {
    readonly traces: readonly { readonly traceId: string; readonly durationMs: number }[];
    readonly bottleneck: { readonly service: string; readonly name: string } | null;
    readonly firstError: { readonly body: string; readonly service: string } | null;
  } | null;
}

interface Action {
  readonly name: string;
  readonly expect: string;
  readonly active: boolean;
}

/** The demo as somebody starts it who presses no keys, in a temporary folder of its own. */
class Demo {
  readonly child: ChildProcess;
  readonly folder: string;
  said = '';
  #ended: Promise<number | null>;

  private constructor(folder: string, args: readonly string[]) {
    this.folder = folder;
    this.child = spawn(process.execPath, [DEMO, ...args], {
      // Of a shell that sends its telemetry elsewhere.
      env: { ...process.env, TMPDIR: folder, OTEL_TRACES_SAMPLER: 'always_off' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.said += text;
      });
    this.#ended = new Promise((resolve) => {
      this.child.once('close', resolve);
    });
  }

  static async start(...args: string[]): Promise<Demo> {
    const folder = await mkdtemp(join(tmpdir(), 'golden-signals-demo-'));
    // As root it is another user who runs the database.
    await chmod(folder, 0o755);
    return new Demo(folder, args);
  }

  get console(): string {
    return /console is at (\S+)/.exec(this.said)?.[1] ?? '';
  }

  says(pattern: RegExp): Promise<string> {
    return until(`the demo to say ${pattern}`, () => {
      if (this.child.exitCode !== null) throw new Error(`the demo ended: ${this.said}`);
      return pattern.exec(this.said)?.[0];
    });
  }

  async get<Answer>(path: string): Promise<Answer> {
    const response = await fetch(`${this.console}/api/${path}`);
    expect(response.status, path).toBe(200);
    return (await response.json()) as Answer;
  }

  /** As a button of the page does it. */
  async toggle(name: string, active: boolean): Promise<void> {
    const response = await fetch(`${this.console}/api/actions/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ active }),
    });
    expect({ status: response.status, answer: await response.json() }).toMatchObject({ status: 200 });
  }

  async firing(): Promise<Alert[]> {
    const { alerts } = await this.get<{ alerts: Alert[] }>('alerts');
    return alerts.filter(({ state }) => state === 'firing');
  }

  alert(name: string, service: string, isSo: (alert: Alert) => boolean = () => true): Promise<Alert> {
    return until(`${name} of ${service}`, async () =>
      (await this.firing()).find((one) => one.name === name && one.service === service && isSo(one)),
    );
  }

  resolved(name: string, service: string): Promise<boolean> {
    return until(`${name} of ${service} to resolve`, async () => {
      const firing = await this.firing();
      return !firing.some((one) => one.name === name && one.service === service);
    });
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    return this.#ended;
  }

  /** Command lines of what it has started and still runs: all of it has its temporary folder in its environment. */
  async processes(): Promise<string[]> {
    const found: string[] = [];
    for (const pid of await readdir('/proc')) {
      if (!/^\d+$/.test(pid)) continue;
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      if (!environment.includes(`TMPDIR=${this.folder}\0`)) continue;
      found.push((await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' '));
    }
    return found;
  }

  async leavesNothing(): Promise<void> {
    await until(
      'all of its processes to end',
      async () => (await this.processes()).length === 0 && (await readdir(this.folder)).length === 0,
      async () => `${await this.processes()} ${await readdir(this.folder)}`,
    );
  }
}

async function until<Found>(
  what: string,
  find: () => Promise<Found | undefined> | Found | undefined,
  otherwise: () => unknown = () => '',
): Promise<Found & {}> {
  const deadline = performance.now() + SLOW_MS;
  while (performance.now() < deadline) {
    const found = await find();
    if (found !== undefined && found !== null && found !== false) return found;
    await wait(300);
  }
  throw new Error(`waited for ${what}: ${await otherwise()}`);
}

function typed(...args: string[]) {
  return new Promise<{ stdout: string; stderr: string; exit: number | null }>((resolve) => {
    const child = execFile(process.execPath, [DEMO, ...args], (_error, stdout, stderr) =>
      resolve({ stdout, stderr, exit: child.exitCode }),
    );
  });
}

describe('the shop', { timeout: 3 * SLOW_MS }, () => {
  let demo: Demo;
  let port: string;

  beforeAll(async () => {
    demo = await Demo.start('--headless');
    await demo.says(/all services are ready.*\n/);
    port = new URL(demo.console).port;
  }, 2 * SLOW_MS);

  afterAll(async () => {
    demo?.child.kill('SIGKILL');
    if (demo !== undefined) {
      await demo.leavesNothing();
      await rm(demo.folder, { recursive: true });
    }
  }, SLOW_MS);

  test('says what it does from the first second, and shows every service with its golden signals', async () => {
    expect(demo.said.split('\n')[0]).toContain('golden-signals, the shop');
    const names = ['gateway', 'inventory', 'order', 'payment', 'product', 'worker'];
    await until('every service to have requests', async () => {
      const { services } = await demo.get<{ services: { service: string; rate: number }[] }>('services');
      const busy = services.filter(({ service, rate }) => rate > 0 || service === 'worker');
      return names.every((name) => busy.some(({ service }) => service === name));
    });
    await demo.says(/order \d+\.\d\/s \d+\.\d %/);
  });

  test('has a trace of an order through four services and their databases', async () => {
    interface Span {
      readonly service: string;
      readonly name: string;
    }
    const wanted = [
      'gateway POST /orders',
      'order POST /orders',
      'order INSERT shop.orders',
      'inventory POST /reservations',
      'inventory UPDATE shop.stock',
      'payment POST /payments/:order/charge',
      'payment INSERT shop.payments',
    ];
    await until('all of an order that was paid', async () => {
      const query = 'traces?service=gateway&status=201&limit=5&window=5m';
      const { rows } = await demo.get<{ rows: { traceId: string }[] }>(query);
      for (const { traceId } of rows) {
        const { spans } = await demo.get<{ spans: Span[] }>(`traces/${traceId}`);
        const names = spans.map(({ service, name }) => `${service} ${name}`);
        // Services export one after the other.
        if (wanted.every((name) => names.includes(name))) return names;
      }
      return undefined;
    });
  });

  test('lists its faults with what is to be seen', async () => {
    const { actions } = await demo.get<{ actions: Action[] }>('actions');
    expect(actions).toHaveLength(9);
    expect(actions.filter(({ expect: seen }) => seen.length < 20)).toEqual([]);
    expect(actions.filter(({ active }) => active)).toEqual([]);
  });

  test('loses no order while payment is restarted', async () => {
    await demo.toggle('rolling-restart', true);
    const said = await demo.says(/payment was restarted: .*\n/);
    expect(said).toMatch(/: [1-9]\d* requests meanwhile, 0 of them failed/);
  });

  test('shows slow SQL, a dead worker and a stripped trace, each where it is, and that they are mended', async () => {
    await demo.toggle('payment-slow', true);
    await demo.toggle('worker-killed', true);
    await demo.toggle('trace-stripped', true);
    const slow = await demo.alert(
      'HighLatencyP99',
      'payment',
      ({ evidence }) => evidence?.bottleneck?.name === 'INSERT shop.payments',
    );
    expect(slow.evidence?.bottleneck).toMatchObject({ service: 'payment' });
    expect(slow.evidence?.traces[0]?.durationMs).toBeGreaterThan(3_000);
    await demo.alert('HeartbeatStale', 'worker');
    await until('Doctor to find the stripped trace', async () => {
      const { findings } = await demo.get<{ findings: { what: string; service: string }[] }>('doctor');
      return findings.some(({ service, what }) => service === 'inventory' && what === 'broken-trace');
    });
    for (const name of ['payment-slow', 'worker-killed', 'trace-stripped']) await demo.toggle(name, false);
    await demo.resolved('HighLatencyP99', 'payment');
    await demo.resolved('HeartbeatStale', 'worker');
  });

  test('is broken and mended by a button of the page, which shows the alert', async () => {
    const { launch } = await import('../browser/chromium.mjs');
    const browser = await launch();
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    await page.goto(new URL('/alerts', demo.console).href);
    await (await page.waitForSelector('.actions summary', { timeout: SLOW_MS }))?.click();
    expect(await page.$$('.actions .action')).toHaveLength(9);
    const blocked = '.actions .action ::-p-text(event loop is blocked)';
    const pressed = (isPressed: boolean) =>
      page.waitForSelector(`.actions .action[aria-pressed=${isPressed}] ::-p-text(event loop is blocked)`, {
        timeout: SLOW_MS,
      });
    await (await page.waitForSelector(blocked, { timeout: SLOW_MS }))?.click();
    await pressed(true);
    await demo.alert('EventLoopDelayHigh', 'order');
    await page.waitForSelector('main ::-p-text(EventLoopDelayHigh)', { timeout: SLOW_MS });
    await (await page.waitForSelector(blocked, { timeout: SLOW_MS }))?.click();
    await pressed(false);
    await demo.resolved('EventLoopDelayHigh', 'order');
  });

  test('shows failing payments with their log line, and what sheds load', async () => {
    // From another terminal.
    const broken = await typed('break', 'payment-errors', '--port', port);
    expect(broken).toMatchObject({ exit: 0, stderr: '', stdout: expect.stringContaining('HighErrorRate') });
    await demo.toggle('overload', true);
    const failing = await demo.alert(
      'HighErrorRate',
      'payment',
      ({ evidence }) => (evidence?.traces.length ?? 0) > 0,
    );
    expect(failing.evidence?.firstError).toMatchObject({
      service: 'payment',
      body: expect.stringContaining('the card provider failed'),
    });
    await demo.alert('HighErrorRate', 'product');
    const shed = await until('a request that is shed', async () => {
      const response = await fetch(`${await productUrl()}/products?search=cup`);
      await response.arrayBuffer();
      return response.status === 503 ? response : undefined;
    });
    expect(Number(shed.headers.get('retry-after'))).toBeGreaterThan(0);
    const { stdout } = await typed('faults', '--port', port);
    expect(stdout.match(/▲/g)).toHaveLength(2);
    await typed('mend', 'payment-errors', '--port', port);
    await demo.toggle('overload', false);
    for (const [name, service] of [
      ['HighErrorRate', 'payment'],
      ['HighErrorRate', 'product'],
    ] as const)
      await demo.resolved(name, service);
  });

  /** The address that gateway calls. */
  async function productUrl(): Promise<string> {
    const { rows } = await demo.get<{ rows: { source?: string; target: string; callee?: string }[] }>(
      'edges?service=gateway',
    );
    const edge = rows.find((row) => JSON.stringify(row).includes('product'));
    return `http://${edge?.target}`;
  }

  test('takes orders as to be confirmed while inventory hangs, and confirms them at once afterwards', async () => {
    const gateway = /customers order at (\S+)/.exec(demo.said)?.[1] ?? '';
    const order = async () => {
      const response = await fetch(`${gateway}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ sku: 'grinder', quantity: 1, card: 'card_visa' }),
      });
      return { status: response.status, answer: await response.json() };
    };
    await demo.toggle('inventory-hangs', true);
    const { labels } = await demo.alert('CircuitBreakerOpen', 'order');
    expect(labels.golden_signals_breaker_name).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(await order()).toMatchObject({ status: 202, answer: { status: 'to be confirmed' } });
    await demo.toggle('inventory-hangs', false);
    await demo.resolved('CircuitBreakerOpen', 'order');
    await until('an order to be paid again', async () => (await order()).status === 201);
  });

  test('shows a pool that is used up', async () => {
    await demo.toggle('pool-exhausted', true);
    const { labels, evidence } = await demo.alert('DbPoolSaturated', 'order', (one) => one.evidence !== null);
    expect(labels.db_client_connection_pool_name).toBe('orders');
    expect(evidence?.traces.length).toBeGreaterThan(0);
    await demo.toggle('pool-exhausted', false);
    await demo.resolved('DbPoolSaturated', 'order');
  });

  test('runs beside another one on its port, and leaves nothing behind when that one is killed', async () => {
    const other = await Demo.start('--headless', '--port', port, '--fault', 'inventory-hangs');
    try {
      await other.says(/all services are ready/);
      expect(other.console).not.toBe(demo.console);
      // One that is stopped notices nothing by itself.
      await other.says(/broken: Inventory hangs/);
      await other.end('SIGKILL');
      await other.leavesNothing();
      expect(demo.child.exitCode).toBeNull();
    } finally {
      other.child.kill('SIGKILL');
      await rm(other.folder, { recursive: true });
    }
  });

  test('leaves nothing behind at Ctrl-C, and has written nothing but its lines', async () => {
    expect(await demo.end('SIGINT')).toBe(0);
    await demo.leavesNothing();
    expect(demo.said).toMatch(/\d+ requests were sent, \d+ of them failed; ending\n$/);
    expect(demo.said.split('\n').filter((line) => !/^(\d\d:\d\d:\d\d {2}.*)?$/.test(line))).toEqual([]);
    expect(demo.said).not.toMatch(/ended with .* and is not started again/);
  });
});

describe('the command of the demo', () => {
  test.each(['SIGHUP', 'SIGTERM', 'SIGINT'] as const)(
    'ends at %s while it still starts, and leaves nothing behind',
    {
      timeout: 2 * SLOW_MS,
    },
    async (signal) => {
      const demo = await Demo.start('--headless');
      await demo.says(/starting PostgreSQL/);
      expect(await demo.end(signal)).toBe(0);
      await demo.leavesNothing();
      await rm(demo.folder, { recursive: true });
    },
  );

  test.each([
    [['break'], 'break takes the name of a fault: payment-slow'],
    [['break', 'coffee'], 'there is no fault coffee; there are payment-slow'],
    [['--minutes', 'ten'], '--minutes takes a number above 0, up to 100000; got ten'],
    [['brake'], 'brake is unknown; known are break, mend, faults'],
  ])('says what is wrong with %j', async (args, message) => {
    expect(await typed(...args)).toMatchObject({
      exit: 2,
      stdout: '',
      stderr: expect.stringContaining(message),
    });
  });

  test('says where no shop runs', async () => {
    expect(await typed('break', 'overload', '--port', '1')).toEqual({
      exit: 1,
      stdout: '',
      stderr:
        'demo: no shop runs with its console from port 1 on: start one by npm run demo, or give its --port\n',
    });
  });
});
