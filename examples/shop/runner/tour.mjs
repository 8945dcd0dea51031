import { setTimeout as wait } from 'node:timers/promises';
import { FAULTS } from './faults.mjs';
import { duration, percent } from './words.mjs';

const healthyMs = 10_000;
const askEveryMs = 1_000;
const limitMs = 180_000;
const longestNames = 6;

/** Shows one fault from end to end, where there is no terminal to press keys in: healthy, broken, alert with its trace, mended, resolved. */
export async function tour({ name = 'payment-slow', control, watch, say, signal }) {
  const fault = FAULTS.find((one) => one.name === name);
  if (fault.alert === undefined)
    throw new Error(`${name} fires no alert, so there is no tour of it: give --minutes`);
  await wait(healthyMs, undefined, { signal });
  for (const { service, rate, errorRatio, p99 } of await watch.services()) {
    say(
      `${service.padEnd(10)} ${rate.toFixed(1).padStart(5)}/s  ${percent(errorRatio).padStart(7)} errors  p99 ${duration(p99)}`,
    );
  }
  await control.toggle(name, true);
  const brokenAt = performance.now();
  const isIt = (alert) => alert.name === fault.alert.name && alert.service === fault.alert.service;
  const find = async () => (await watch.firing()).find((alert) => isIt(alert) && alert.evidence !== null);
  const alert = await until(find, `${fault.alert.name} of ${fault.alert.service} to fire`, signal);
  say(
    `alert after ${((performance.now() - brokenAt) / 1_000).toFixed(0)} s: ${alert.name}: ${alert.summary}`,
  );
  await showEvidence(alert, watch, say);
  await control.toggle(name, false);
  const mendedAt = performance.now();
  await until(async () => !(await watch.firing()).some(isIt), `${fault.alert.name} to resolve`, signal);
  say(
    `resolved after ${((performance.now() - mendedAt) / 1_000).toFixed(0)} s: ${alert.name} of ${alert.service}`,
  );
}

async function showEvidence({ evidence }, watch, say) {
  const { bottleneck, traces, firstError } = evidence;
  if (bottleneck)
    say(
      `  ${percent(bottleneck.share)} of the time of ${bottleneck.of} traces is in «${bottleneck.name}» of ${bottleneck.service}`,
    );
  if (firstError) say(`  log of ${firstError.service}: ${firstError.body}`);
  const [worst] = traces;
  if (worst === undefined) return;
  say(`  trace ${worst.traceId}, ${duration(worst.durationMs)}:`);
  const { spans } = await watch.get(`traces/${worst.traceId}`);
  const slowest = [...spans].sort((a, b) => b.durationMs - a.durationMs).slice(0, longestNames);
  for (const span of spans.filter((one) => slowest.includes(one))) {
    say(`    ${'  '.repeat(span.depth)}${span.name} (${span.service}) ${duration(span.durationMs)}`);
  }
}

async function until(find, what, signal) {
  const deadline = performance.now() + limitMs;
  while (performance.now() < deadline) {
    const found = await find();
    if (found) return found;
    await wait(askEveryMs, undefined, { signal });
  }
  throw new Error(`waited ${limitMs / 1_000} s for ${what}`);
}
