import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Batch, catalogue, chat, nightly, order } from '../../bench/console/shop-traffic.mjs';
import { launch } from './chromium.mjs';
import { startConsole } from './shop.mjs';

const LONG_MS = 180_000;
const axe = readFileSync(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');

let console_: Awaited<ReturnType<typeof startConsole>>;
let browser: Browser;
const ids = { slow: '', failed: '', big: '', repeated: '' };

beforeAll(async () => {
  console_ = await startConsole([]);
  const endpoint = new URL(console_.url).origin;
  const batch = new Batch();
  const now = Date.now() - 90_000;
  for (let index = 0; index < 20; index += 1) order(batch, now - index * 1_000);
  ids.slow = order(batch, now, { slow: true }).traceId;
  ids.failed = order(batch, now + 1_000, { failed: true }).traceId;
  ids.repeated = catalogue(batch, now + 2_000, 312).traceId;
  ids.big = nightly(batch, now - 30_000, 10_000).traceId;
  chat(batch, now, 600, 60_000);
  await batch.send(endpoint);
  browser = await launch();
}, LONG_MS);

afterAll(async () => {
  await browser?.close();
  await console_?.stop();
});

async function open(
  path: string,
  wanted: string,
  theme: 'light' | 'dark' = 'light',
  width = 1_440,
): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(LONG_MS);
  await page.setViewport({ width, height: 900 });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }]);
  await page.goto(new URL(path, console_.url).href);
  await page.waitForSelector(wanted);
  return page;
}

const chosen = '[role="row"][aria-selected="true"]';
const textOf = (page: Page, selector: string) =>
  page.$eval(selector, (element) => (element as HTMLElement).innerText);

test(
  'keys go through a trace: to the bottleneck, its line, the next failed span, up and out of it',
  async () => {
    const page = await open(`/traces/${ids.slow}`, '.fall-row');
    expect(await textOf(page, '.critical')).toContain('SELECT shop.cards');
    await page.keyboard.press('b');
    await page.waitForFunction(
      () => document.querySelector('.detail h2')?.textContent === 'SELECT shop.cards',
    );
    expect(await textOf(page, chosen)).toContain('SELECT shop.cards');
    await page.keyboard.press('l');
    await page.waitForSelector('.line.is-chosen');
    expect(await textOf(page, '.line.is-chosen')).toContain('card lookup slow');
    await page.keyboard.press('k');
    await page.waitForFunction(
      () => document.querySelector('.detail h2')?.textContent === 'wait for connection',
    );
    await page.keyboard.press('ArrowLeft');
    await page.waitForFunction(() =>
      document.querySelector('.detail h2')?.textContent?.startsWith('POST /payments'),
    );
    await page.keyboard.press('ArrowLeft');
    await page.waitForSelector(`${chosen}[aria-expanded="false"]`);
    // The address is that of the finding.
    const link = page.url();
    await page.close();
    const again = await open(link, chosen);
    expect(await textOf(again, chosen)).toContain('POST /payments/:id/charge');
    await again.close();
  },
  LONG_MS,
);

test(
  'the next failed span is one key away, and each value leads to the traces that have it',
  async () => {
    const page = await open(`/traces/${ids.failed}`, '.fall-row');
    await page.keyboard.press('.');
    await page.waitForSelector('.detail-fail');
    await page.keyboard.press('.');
    await page.waitForFunction(() => document.querySelector('.detail h2')?.textContent === 'POST');
    await page.waitForSelector('.values a[href*="http.response.status_code"]');
    await page.click('.values a[href*="http.response.status_code"]');
    await page.waitForFunction(() => location.pathname === '/traces');
    await page.waitForSelector('.filter-chip');
    expect(await textOf(page, '.filter-chip')).toContain('http.response.status_code');
    await page.waitForSelector('.traces-list .traces-row');
    await page.close();
  },
  LONG_MS,
);

test(
  'each of two keys within one frame acts on what the one before has chosen',
  async () => {
    const page = await open(`/traces/${ids.failed}`, '.fall-row');
    await page.evaluate(async () => {
      const nextTask = () =>
        new Promise((resolve) => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = resolve;
          port2.postMessage(undefined);
        });
      await new Promise(requestAnimationFrame);
      for (let press = 0; press < 2; press += 1) {
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key: '.', bubbles: true }));
        await nextTask();
      }
    });
    await page.waitForFunction(() => document.querySelector('.detail h2')?.textContent === 'POST');
    await page.close();
  },
  LONG_MS,
);

test(
  'a filter is completed with attributes and values of all that is held, however large their trace is',
  async () => {
    const page = await open('/traces', '.filter input');
    const choose = async (typed: string, wanted: string) => {
      await page.type('.filter input', typed);
      await page.waitForFunction(
        (text) => [...document.querySelectorAll('.option')].some((one) => one.textContent?.startsWith(text)),
        {},
        wanted,
      );
      await page.keyboard.press('Tab');
    };
    await choose('attr.job.n', 'attr.job.name = ');
    await choose('rein', 'reindex');
    await page.waitForSelector('.filter-chip');
    expect(await textOf(page, '.filter-chip')).toMatch(/job\.name\s*=\s*reindex/);
    await page.close();
  },
  LONG_MS,
);

test(
  'siblings that repeat are one row until it is opened',
  async () => {
    const page = await open(`/traces/${ids.repeated}`, '.fall-row');
    await page.waitForFunction(() => document.body.innerText.includes('312 ×'));
    const before = await page.$eval('[role="treegrid"]', (grid) =>
      Number(grid.getAttribute('aria-rowcount')),
    );
    await page.click('.fall-row[aria-expanded="false"] .fall-toggle');
    await page.waitForFunction(
      (rows) =>
        Number(document.querySelector('[role="treegrid"]')?.getAttribute('aria-rowcount')) === rows + 312,
      {},
      before,
    );
    await page.close();
  },
  LONG_MS,
);

test(
  'a trace of 10,000 spans has few rows in the document, at its top and at its end',
  async () => {
    const page = await open(`/traces/${ids.big}`, '.fall-row');
    expect(await textOf(page, '.trace-title')).toMatch(/10,000\sspans/);
    const rows = () => page.$$eval('.fall-row', (all) => all.length);
    expect(await rows()).toBeLessThan(100);
    await page.focus('[role="treegrid"]');
    await page.keyboard.press('End');
    await page.waitForSelector(chosen);
    await page.waitForFunction(() => document.querySelector('.detail h2') !== null);
    expect(await rows()).toBeLessThan(100);
    expect(await page.$$eval('*', (all) => all.length)).toBeLessThan(4_000);
    await page.close();
  },
  LONG_MS,
);

test.each(['light', 'dark'] as const)(
  'axe finds nothing on a trace, its comparison and the patterns of lines in the %s theme, and nothing is wider than the screen',
  async (theme) => {
    const paths: readonly [string, string][] = [
      [`/traces/${ids.failed}`, '.fall-row'],
      [`/traces/${ids.failed}?compare=typical`, '.compare-row .compare-bars svg'],
      ['/logs?view=patterns', '.table tbody tr'],
      ['/logs?q=level%20%3E%3D%20warn', '.log-line'],
      ['/traces?q=error', '.traces-list .traces-row'],
    ];
    for (const width of [1_440, 390])
      for (const [path, wanted] of paths) {
        const page = await open(path, wanted, theme, width);
        if (wanted === '.fall-row') {
          await page.keyboard.press('.');
          await page.waitForSelector('.values');
        }
        expect(
          await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
          `${path} at ${width}`,
        ).toBeLessThanOrEqual(0);
        await page.evaluate(axe);
        const found = await page.evaluate(async () => {
          const { violations } = await (
            window as unknown as {
              axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
            }
          ).axe.run();
          return violations.map(
            ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
          );
        });
        expect(found, `${path} at ${width}`).toEqual([]);
        await page.close();
      }
  },
  5 * LONG_MS,
);
