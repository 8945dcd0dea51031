// What the page costs in a real browser: `node bench/console/page.mjs [minutes]` after `npm run build`. It opens a trace of 10,000 spans and
// scrolls through it, then leaves the log tail open for so many minutes (5) while 2,000 lines a second come in. On a machine that does other
// things, too, the time of the main thread says more than what was waited for.
import { launch } from '../../test/browser/chromium.mjs';
import { startConsole } from '../../test/browser/shop.mjs';
import { Batch, keepComing, nightly } from './shop-traffic.mjs';

const minutes = Number(process.argv[2] ?? 5);
const console_ = await startConsole([]);
const endpoint = new URL(console_.url).origin;
const batch = new Batch();
const { traceId } = nightly(batch, Date.now() - 60_000, 10_000);
await batch.send(endpoint);
const browser = await launch();
const middle = (all) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)];

const page = await browser.newPage();
await page.setViewport({ width: 1440, height: 900 });
await page.goto(`${endpoint}/traces`);
await page.waitForSelector('.traces-list .traces-row', { timeout: 60_000 });
const opened = [];
const busy = [];
const answered = [];
for (let round = 0; round < 5; round += 1) {
  const from = performance.now();
  await (await fetch(`${endpoint}/api/traces/${traceId}?detail=false`)).arrayBuffer();
  answered.push(performance.now() - from);
  await page.goto(`${endpoint}/traces?window=1h`);
  await page.waitForSelector('.traces-list .traces-row', { timeout: 60_000 });
  const before = await page.metrics();
  opened.push(
    await page.evaluate(async (id) => {
      const began = performance.now();
      document.querySelector(`a[href*="/traces/${id}"]`).click();
      await new Promise((resolve) => {
        const look = () =>
          document.querySelector('.fall-row') === null ? requestAnimationFrame(look) : resolve();
        look();
      });
      // The task after the frame comes when the rows are painted.
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      return performance.now() - began;
    }, traceId),
  );
  busy.push((await page.metrics()).TaskDuration - before.TaskDuration);
}
const first = { answered: answered[0], opened: opened[0], busy: busy[0] };
console.log(
  `answer of 10,000 spans      ${middle(answered).toFixed(0)} ms, the first ${first.answered.toFixed(0)} ms`,
);
console.log(
  `click to rows painted       ${middle(opened).toFixed(0)} ms (median of ${opened.length}), the first ${first.opened.toFixed(0)} ms; main thread ${(1e3 * middle(busy)).toFixed(0)} ms, the first ${(1e3 * first.busy).toFixed(0)} ms`,
);
const still = await page.metrics();
const frames = await page.evaluate(async () => {
  const list = document.querySelector('[role="treegrid"]');
  const times = [];
  let before = performance.now();
  for (let frame = 0; frame < 240; frame += 1) {
    list.scrollTop += 90;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    times.push(now - before);
    before = now;
  }
  times.sort((a, b) => a - b);
  return {
    median: times[120],
    p95: times[228],
    worst: times.at(-1),
    over50: times.filter((ms) => ms > 50).length,
    rows: document.querySelectorAll('.fall-row').length,
    elements: document.querySelectorAll('*').length,
  };
});
const scrolled = await page.metrics();
const each = (name) => ((1e3 * (scrolled[name] - still[name])) / 240).toFixed(1);
console.log(
  `main thread for each frame  ${each('TaskDuration')} ms: scripts ${each('ScriptDuration')} ms, layout ${each('LayoutDuration')} ms, style ${each('RecalcStyleDuration')} ms`,
);
console.log(
  `frames while scrolling      median ${frames.median.toFixed(1)} ms, p95 ${frames.p95.toFixed(1)} ms, worst ${frames.worst.toFixed(1)} ms, ${frames.over50} of 240 over 50 ms; ${frames.rows} rows, ${frames.elements} elements`,
);

const stop = keepComing(endpoint, { linesPerSecond: 2_000, tracesPerSecond: 3 });
await page.goto(`${endpoint}/logs`);
await page.waitForSelector('.log-line', { timeout: 60_000 });
const devtools = await page.createCDPSession();
for (let minute = 0; minute <= minutes; minute += 1) {
  if (minute > 0) await new Promise((resolve) => setTimeout(resolve, 60_000));
  await devtools.send('HeapProfiler.collectGarbage');
  const { JSHeapUsedSize, Nodes } = await page.metrics();
  const { received } = await (await fetch(`${endpoint}/api/status`)).json();
  console.log(
    `tail, minute ${String(minute).padStart(2)}             ${(JSHeapUsedSize / 2 ** 20).toFixed(1)} MiB heap, ${Nodes} nodes, ${received.logs.toLocaleString('en')} lines received`,
  );
}
stop();
await browser.close();
await console_.stop();
