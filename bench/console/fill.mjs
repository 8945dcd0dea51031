// Fills a console that runs with traffic of a shop, so that its page can be looked at: fill.mjs <endpoint> [--live] [--big spans]
import { parseArgs } from 'node:util';
import { fill, keepComing } from './shop-traffic.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    live: { type: 'boolean' },
    big: { type: 'string', default: '10000' },
    minutes: { type: 'string', default: '15' },
    lines: { type: 'string', default: '50' },
  },
});
const endpoint = positionals[0] ?? 'http://localhost:4318';
const { big } = await fill(endpoint, { bigSpans: Number(values.big), minutes: Number(values.minutes) });
console.log(`filled; the big trace is ${big}`);
if (values.live) keepComing(endpoint, { linesPerSecond: Number(values.lines) });
