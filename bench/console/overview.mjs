// What the Overview costs in a real browser: `node bench/console/overview.mjs [seconds]` after `npm run build`. 50 services of 40 routes send
// 1,000 spans a second; a browser that has never seen the page opens it, and leaves it open for so many seconds (60).
import { launch } from '../../test/browser/chromium.mjs';
import { startConsole } from '../../test/browser/shop.mjs';
import { Batch } from './shop-traffic.mjs';

const seconds = Number(process.argv[2] ?? 60);
const services = 50;
const routes = 40;
const hops = 5;
const tracesPerSecond = 100;
const console_ = await startConsole([]);
const endpoint = new URL(console_.url).origin;

const batch = new Batch();
let made = 0;
/** A request that goes through five services: a span of the request in each, and one of the call to the next. */
function trace(at) {
  const first = made % services;
  const route = `/things/${Math.floor(made / services) % routes}/:id`;
  const isFailed = made % 100 === 37;
  const status = { 'http.response.status_code': isFailed ? 503 : 200 };
  let parent;
  for (let hop = 0; hop < hops; hop += 1) {
    const service = `service-${(first + 7 * hop) % services}`;
    const ms = 100 - 16 * hop + (made % 13);
    parent = batch.span(service, `GET ${route}`, at + 8 * hop, ms, {
      parent,
      kind: 'server',
      attributes: { 'http.request.method': 'GET', 'http.route': route, ...status },
      ...(isFailed ? { error: 'the last of them failed' } : {}),
    });
    parent = batch.span(service, 'GET', at + 8 * hop + 4, ms - 8, {
      parent,
      kind: 'client',
      attributes: { 'server.address': `service-${(first + 7 * hop + 7) % services}`, ...status },
    });
  }
  made += 1;
}

let isSending = false;
const timer = setInterval(async () => {
  if (isSending) return;
  isSending = true;
  for (let index = 0; index < tracesPerSecond; index += 1) trace(Date.now() - 1_000 + 10 * index);
  await batch.send(endpoint);
  isSending = false;
}, 1_000);
await new Promise((resolve) => setTimeout(resolve, 45_000));

const browser = await launch();
const page = await browser.newPage();
await page.setViewport({ width: 1440, height: 900 });
const began = performance.now();
await page.goto(`${endpoint}/`);
await page.waitForSelector('tbody tr', { timeout: 60_000 });
const shownMs = performance.now() - began;
const paints = await page.evaluate(() =>
  Object.fromEntries(
    performance.getEntriesByType('paint').map(({ name, startTime }) => [name, Math.round(startTime)]),
  ),
);
const load = await page.metrics();
console.log(
  `first paint                 ${paints['first-contentful-paint']} ms after the navigation began; rows of services ${shownMs.toFixed(0)} ms; main thread until then ${(1e3 * load.TaskDuration).toFixed(0)} ms`,
);

const system = await browser.target().createCDPSession();
/** Seconds of the processor of all processes that draw pages; the first tab of the browser is empty. */
const tabCpu = async () =>
  (await system.send('SystemInfo.getProcessInfo')).processInfo
    .filter(({ type }) => type === 'renderer')
    .reduce((sum, { cpuTime }) => sum + cpuTime, 0);
await new Promise((resolve) => setTimeout(resolve, 10_000));
const before = { cpu: await tabCpu(), metrics: await page.metrics(), at: performance.now(), made };
await new Promise((resolve) => setTimeout(resolve, 1_000 * seconds));
const after = { cpu: await tabCpu(), metrics: await page.metrics(), at: performance.now(), made };
const spent = (after.at - before.at) / 1_000;
const share = (value) => `${((100 * value) / spent).toFixed(1)} %`;
const spansPerSecond = ((after.made - before.made) * 2 * hops) / spent;
const main = (name) => share(after.metrics[name] - before.metrics[name]);
console.log(
  `Overview for ${spent.toFixed(0)} s           ${share(after.cpu - before.cpu)} of a core in the tab at ${spansPerSecond.toFixed(0)} spans a second of ${services} services; main thread ${main('TaskDuration')}: scripts ${main('ScriptDuration')}, style ${main('RecalcStyleDuration')}, layout ${main('LayoutDuration')}`,
);
clearInterval(timer);
await browser.close();
await console_.stop();
process.exit(0);
