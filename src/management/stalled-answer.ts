import type { Random } from '../core/random.js';
import { matchProbe } from '../health/match.js';
import type { Probe, Verdict } from '../health/probe.js';
import { probeResponse } from '../health/response.js';
import { type RouteAnswer, type RouteRequest, textAnswer } from '../server/probes/own-route.js';
import type { ThreadData, Verdicts } from './messages.js';

const dead: Verdict = { ok: false, status: 'fail', reason: 'dead', httpStatus: 503 };
const starting: Verdict = { ok: false, status: 'fail', reason: 'starting', httpStatus: 503 };

/** Which probe a request asks for. Only the main thread knows the groups of checks. */
export function probeOf({ probes }: Pick<ThreadData, 'probes'>, request: RouteRequest): Probe | undefined {
  return probes && matchProbe(probes, request.method, request.url, () => false)?.probe;
}

/**
 * The answer while the main thread is blocked: its last verdict, and past `maxStallMs` that it is dead. Only the main thread can answer
 * other requests than probes; they get 503.
 */
export function stalledAnswer(
  probe: Probe | undefined,
  { method, headers }: RouteRequest,
  verdicts: Verdicts | undefined,
  { stalledMs, maxStallMs }: { readonly stalledMs: number; readonly maxStallMs: number | undefined },
  random: Random,
): RouteAnswer {
  if (probe === undefined) return textAnswer(503, 'the main thread does not answer', { 'Retry-After': '1' });
  // A blocked process has started all the same.
  const isDead = maxStallMs !== undefined && stalledMs > maxStallMs && probe !== 'startup';
  const verdict = isDead ? dead : (verdicts?.[probe] ?? starting);
  const { status, reason } = verdict;
  const notes = [`the main thread has not moved for ${(stalledMs / 1_000).toFixed(1)} s`];
  const json = JSON.stringify({ status, reason, notes });
  return probeResponse({ method, accept: headers.accept, closeConnection: false }, verdict, json, random);
}
