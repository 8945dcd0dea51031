import { median } from '../median.mjs';

const rowHeight = 28;
const labelWidth = 170;
const width = 860;
const plotWidth = width - labelWidth - 90;

const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

/** The next 1, 2 or 5 times a power of ten at or above `value`. */
function niceStep(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * (value / power <= 1 ? 1 : value / power <= 2 ? 2 : value / power <= 5 ? 5 : 10);
}

/** Horizontal bars of medians, each with a dot for every sample, as SVG that reads on white and on black. */
export function plot(title, subtitle, bars) {
  const most = Math.max(1e-9, ...bars.flatMap(({ values }) => values));
  const step = niceStep(most / 6);
  const end = Math.ceil(most / step) * step;
  const x = (value) => labelWidth + (Math.max(0, value) / end) * plotWidth;
  const top = 58;
  const height = top + bars.length * rowHeight + 34;
  const lines = [];
  for (let value = 0; value <= end + step / 2; value += step) {
    lines.push(
      `<line x1="${x(value)}" x2="${x(value)}" y1="${top - 6}" y2="${height - 26}" class="grid"/>`,
      `<text x="${x(value)}" y="${height - 10}" class="tick">${Number(value.toPrecision(3))}</text>`,
    );
  }
  const marks = bars.flatMap(({ name, values }, i) => {
    const y = top + i * rowHeight;
    const middle = median(values);
    const isOurs = name.startsWith('ours');
    return [
      `<text x="${labelWidth - 10}" y="${y + 15}" class="name${isOurs ? ' ours' : ''}">${escaped(name)}</text>`,
      `<rect x="${x(0)}" y="${y + 3}" width="${Math.max(1, x(middle) - x(0))}" height="16" rx="2" class="bar${isOurs ? ' ours' : ''}"/>`,
      ...values.map((value) => `<circle cx="${x(value)}" cy="${y + 11}" r="2.5" class="dot"/>`),
      `<text x="${Math.max(x(middle), ...values.map(x)) + 8}" y="${y + 15}" class="value">${Number(middle.toPrecision(3))}</text>`,
    ];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13">
<style>
.title { font-size: 15px; font-weight: 600; fill: #1f2328 } .sub, .tick { fill: #59636e; font-size: 11px } .tick { text-anchor: middle }
.name { text-anchor: end; fill: #1f2328 } .name.ours { font-weight: 600 } .value { fill: #1f2328; font-variant-numeric: tabular-nums }
.bar { fill: #b7bec7 } .bar.ours { fill: #3b6fd4 } .dot { fill: #1f2328; fill-opacity: .55 } .grid { stroke: #8b949e; stroke-opacity: .25 }
@media (prefers-color-scheme: dark) { .title, .name, .value { fill: #e6edf3 } .sub, .tick { fill: #9198a1 } .bar { fill: #565e68 } .bar.ours { fill: #5b8def } .dot { fill: #e6edf3 } }
</style>
<text x="0" y="18" class="title">${escaped(title)}</text>
<text x="0" y="36" class="sub">${escaped(subtitle)}</text>
${[...lines, ...marks].join('\n')}
</svg>
`;
}
