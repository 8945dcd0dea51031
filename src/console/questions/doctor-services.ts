import { missingBounds } from '../../rules/bucket-bounds.js';
import type { RuleConfig } from '../../rules/rule-options.js';
import { prometheusName, SERIES } from '../../rules/series.js';
import type { QueryResult } from '../alerts/engine.js';
import type { Finding } from './doctor.js';
import type { ServiceParts } from './services-view.js';

export interface ServiceDoctorParts extends ServiceParts {
  readonly now: () => number;
  readonly rules: RuleConfig;
  readonly evaluate: (expr: string, atMs: number) => QueryResult;
}

const lookBackMs = 15 * 60_000;
/** Fewer calls may all have been under way when something was restarted. */
const leastCalls = 10;
const silentMs = 120_000;
/** An instance that has been gone for longer is history, in milliseconds. */
const historyMs = 3_600_000;
/** What one program has one of, however many instances of it run. */
const ofProgram = ['telemetry.sdk.language', 'service.namespace', 'process.runtime.name'] as const;

/** What is wrong with services as a whole: how they are named, measured, sampled and called. */
export function* serviceFindings(parts: ServiceDoctorParts): Generator<Finding> {
  yield* breaks(parts);
  yield* hiddenErrors(parts);
  yield* bounds(parts);
  yield* namesakes(parts);
  yield* gone(parts);
}

/** Calls to an address that is called as a service of which no request belongs to a call. */
function* breaks({ signals, catalog, now }: ServiceDoctorParts): Generator<Finding> {
  for (const [id, { count }] of signals.timeline.totals(now() - lookBackMs, now())) {
    const { kind, service, target } = signals.series.info(id);
    if (kind !== 'edge' || count < leastCalls || signals.calleesOf(service, target).length > 0) continue;
    const text = catalog.routes.text(target);
    const host = text.replace(/:\d+$/, '');
    const callee = catalog.services.find((name) => name === host || name.startsWith(`${host}-`));
    const from = catalog.services[service] as string;
    if (callee === undefined || host === '' || callee === from) continue;
    yield {
      harm: 3,
      what: 'broken-trace',
      service: callee,
      text: `${count} calls of ${from} to ${text} and no request of ${callee} belongs to any of them: traces end there`,
      cure: `See that ${from} sends traceparent (its HTTP client is instrumented, propagateTo holds ${host}) and that no proxy before ${callee} removes it.`,
    };
  }
}

function* hiddenErrors({ signals, catalog, now }: ServiceDoctorParts): Generator<Finding> {
  const counted = new Map<number, number>();
  const seen = new Map<number, number>();
  for (const [id, { errors }] of signals.timeline.totals(now() - lookBackMs, now())) {
    const { kind, service, isMetric } = signals.series.info(id);
    if (kind === 'service') (isMetric ? counted : seen).set(service, errors);
  }
  for (const [service, errors] of counted) {
    const traced = seen.get(service) ?? 0;
    if (errors <= 2 * traced + 2) continue;
    const name = catalog.services[service] as string;
    yield {
      harm: 2,
      what: 'sampling',
      service: name,
      text: `${errors} requests of ${name} failed within 15 minutes, and of ${traced} of them there is a trace: sampling hides the others`,
      cure: 'Sample more (OTEL_TRACES_SAMPLER_ARG), or all while you look (OTEL_TRACES_SAMPLER=parentbased_always_on).',
    };
  }
}

/** Of the durations that services send, and the thresholds of the rules. */
function* bounds({ rules, evaluate, now }: ServiceDoctorParts): Generator<Finding> {
  const byJob = new Map<string, number[]>();
  const name = `${prometheusName(SERIES.serverDuration)}_bucket`;
  for (const { labels } of evaluate(`group by (job, le) (${name})`, now()).samples) {
    const bound = Number(labels.le);
    const job = labels.job ?? '';
    if (Number.isFinite(bound)) byJob.set(job, [...(byJob.get(job) ?? []), bound]);
  }
  for (const [job, own] of byJob) {
    for (const { effect, thresholdS } of missingBounds(rules, own))
      yield {
        harm: 2,
        what: 'bound',
        service: job.replace(/^.*\//, ''),
        text: `of ${job}, ${effect}`,
        cure: `Add ${thresholdS} to metrics.boundaries of the service, or choose a threshold that is one of ${own.sort((a, b) => a - b).join(', ')} s.`,
      };
  }
}

function* namesakes({ catalog, now }: ServiceDoctorParts): Generator<Finding> {
  const values = new Map<string, Map<string, Set<string>>>();
  for (const [id, { serviceName, attributes }] of catalog.resources.entries()) {
    if (id === 0 || now() - catalog.seen(id).lastMs > silentMs) continue;
    const own = values.get(serviceName) ?? new Map<string, Set<string>>();
    values.set(serviceName, own);
    for (const key of ofProgram) {
      const value = attributes[key];
      if (typeof value === 'string') own.set(key, (own.get(key) ?? new Set()).add(value));
    }
  }
  for (const [service, own] of values) {
    for (const [key, all] of own) {
      if (all.size < 2) continue;
      yield {
        harm: 3,
        what: 'namesakes',
        service,
        text: `two programs are called ${service}: ${key} is ${[...all].sort().join(' and ')}; their numbers are one`,
        cure: 'Give each a name of its own: OTEL_SERVICE_NAME.',
      };
      break;
    }
  }
}

/** Instances without heartbeats that no longer send: of those with heartbeats more is known. */
function* gone({ catalog, states, now }: ServiceDoctorParts): Generator<Finding> {
  const withBeat = new Set([...states.heartbeats()].map(({ resource }) => resource));
  for (const [id, { serviceName, instance }] of catalog.resources.entries()) {
    const age = now() - catalog.seen(id).lastMs;
    if (id === 0 || instance === '' || withBeat.has(id) || age < silentMs || age > historyMs) continue;
    yield {
      harm: 1,
      what: 'silent',
      service: serviceName,
      text: `nothing has come from instance ${instance} of ${serviceName} for ${Math.round(age / 1_000)} s`,
      cure: 'If it has not been ended, look whether the process runs, and whether it reaches this console.',
    };
  }
}
