import { FAULTS } from './faults.mjs';
import { alertLine, duration, paint, percent } from './words.mjs';

const keptMessages = 6;
const lineEveryMs = 10_000;

/** What the runner shows: a block that stays in its place on a terminal, lines elsewhere. */
export class Screen {
  #isLive;
  #messages = [];
  #height = 0;
  #alerts = new Map();
  #lastLineMs = 0;

  constructor({ isLive }) {
    this.#isLive = isLive;
  }

  /** Something that happened, once. */
  say(text) {
    const line = `${new Date().toTimeString().slice(0, 8)}  ${text}`;
    if (this.#isLive && this.#height > 0) {
      this.#messages.push(line);
      if (this.#messages.length > keptMessages) this.#messages.shift();
    } else console.log(line);
  }

  /** How things are now. */
  show({ services, firing, customers, control, url }) {
    this.#sayChanges(firing);
    if (this.#isLive) return this.#draw(this.#block({ services, firing, customers, control, url }));
    if (performance.now() - this.#lastLineMs < lineEveryMs && this.#lastLineMs > 0) return;
    this.#lastLineMs = performance.now();
    const rows = services.map(
      ({ service, rate, errorRatio, p99 }) =>
        `${service} ${rate.toFixed(1)}/s ${percent(errorRatio)} ${duration(p99)}`,
    );
    this.say(`${rows.join(' · ')} · ${firing.length} alerts`);
  }

  /** Leaves the block as it was, and goes on below it. */
  end() {
    this.#height = 0;
  }

  #sayChanges(firing) {
    const now = new Map(firing.map((alert) => [alert.id, alert]));
    for (const [id, alert] of now) if (!this.#alerts.has(id)) this.say(`alert     ${alertLine(alert)}`);
    for (const [id, { name, service }] of this.#alerts)
      if (!now.has(id)) this.say(`resolved  ${name} ${service}`);
    this.#alerts = now;
  }

  #block({ services, firing, customers, control, url }) {
    const column = (text, width) => String(text).padStart(width);
    const failedServices = new Set(firing.map(({ service }) => service));
    return [
      '',
      `${paint.bold('The shop')}   console ${paint.cyan(url)}   ${customers.sent} requests sent, ${customers.failed} failed`,
      '',
      paint.dim(`  service       instances     rate   errors        p50        p99`),
      ...services.map(({ service, instances, rate, errorRatio, p50, p99 }) => {
        const isFailing = failedServices.has(service);
        const alive = instances.filter(({ hasEnded }) => !hasEnded).length;
        const row = `${isFailing ? '■' : '●'} ${service.padEnd(13)}${column(alive, 10)}${column(`${rate.toFixed(1)}/s`, 9)}${column(percent(errorRatio), 9)}${column(duration(p50), 11)}${column(duration(p99), 11)}`;
        return isFailing ? paint.red(row) : row;
      }),
      '',
      ...(firing.length === 0
        ? [paint.dim('  no alert')]
        : firing.map((alert) => paint.red(`■ ${alertLine(alert)}`))),
      '',
      ...FAULTS.map(({ key, name, title }) => {
        const row = `  ${key}  ${name.padEnd(16)} ${title}`;
        return control.isActive(name) ? paint.yellow(`▲${row.slice(1)}`) : row;
      }),
      paint.dim('  a key breaks it, the same key mends it; q ends all'),
      '',
      ...this.#messages,
    ];
  }

  #draw(lines) {
    const { columns = 80, rows = 50 } = process.stdout;
    const fitting = lines.slice(0, Math.max(1, rows - 1)).map((line) => cut(line, columns));
    const up = this.#height > 0 ? `\u001b[${this.#height}A` : '';
    process.stdout.write(`${up}\u001b[J${fitting.join('\n')}\n`);
    this.#height = fitting.length;
  }
}

const escapeCode = '\u001b';
const colours = new RegExp(`(${escapeCode}\\[\\d+m)`);

/** The first so many characters that are seen; colours take no room. */
function cut(line, columns) {
  let seen = 0;
  let result = '';
  for (const part of line.split(colours)) {
    if (part.startsWith(escapeCode)) result += part;
    else {
      result += part.slice(0, Math.max(0, columns - seen));
      seen += part.length;
    }
  }
  return result;
}
