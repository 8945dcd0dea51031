import type { RuleConfig } from '../../rules/rule-options.js';
import { checkMetrics } from './check-metrics.js';
import { parseExposition } from './exposition.js';
import type { Finding } from './finding.js';
import { request, shownUrl } from './request.js';

/** Asks a running service for its health and its metrics. */
export async function checkRunning(base: URL, rules: RuleConfig): Promise<readonly Finding[]> {
  const health = await checkHealth(base);
  // Without a server, the other checks would fail the same way.
  if (health.some(({ id }) => id === 'service-unreachable')) return health;
  return [...health, ...(await checkMetricsPage(base, rules))];
}

async function checkHealth(base: URL): Promise<readonly Finding[]> {
  const url = below(base, 'health');
  const answer = await request(url);
  if (answer.kind === 'failure') {
    return [
      {
        id: 'service-unreachable',
        severity: 'error',
        what: `no answer from ${url.origin}: ${answer.reason}`,
        cure: 'start the service, or name the URL that it listens on',
      },
    ];
  }
  const status = statusIn(answer.body);
  if (status === undefined) {
    return [
      {
        id: 'health-unanswered',
        severity: 'error',
        what: `${shownUrl(url)} answers ${answer.status}, and not with a health report`,
        cure: 'call instrument(app) in this service; or health.path, health: false or an answer of its own stand in the way',
      },
    ];
  }
  if (status.status !== 'fail') return [];
  return [
    {
      id: 'unhealthy',
      severity: 'warning',
      what: `the service reports that it is unhealthy: ${status.reason ?? 'fail'}`,
      cure: `see ${shownUrl(url)} on the management port for the detail`,
    },
  ];
}

async function checkMetricsPage(base: URL, rules: RuleConfig): Promise<readonly Finding[]> {
  const url = below(base, 'metrics');
  const answer = await request(url, { headers: { accept: 'text/plain; version=0.0.4' } });
  const metrics =
    answer.kind === 'answer' && answer.status === 200 ? parseExposition(answer.body) : undefined;
  // An application that answers every path has no metrics in its answer.
  if (metrics === undefined || metrics.size === 0) {
    const instead = answer.kind === 'failure' ? answer.reason : `${answer.status}`;
    return [
      {
        id: 'metrics-unanswered',
        severity: 'warning',
        what: `${shownUrl(url)} gives no metrics: ${metrics === undefined ? instead : 'its answer is no Prometheus page'}`,
        cure: 'switch on metrics.prometheus, or name the management port; services that push by OTLP alone have none',
      },
    ];
  }
  return checkMetrics(metrics, rules, Date.now() / 1_000);
}

function statusIn(body: string): { status: string; reason?: string } | undefined {
  try {
    const report = JSON.parse(body) as { status?: unknown; reason?: unknown };
    if (typeof report.status !== 'string' || !['pass', 'warn', 'fail'].includes(report.status))
      return undefined;
    return typeof report.reason === 'string'
      ? { status: report.status, reason: report.reason }
      : { status: report.status };
  } catch {
    return undefined;
  }
}

function below(base: URL, name: string): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${name}`;
  url.search = '';
  url.hash = '';
  return url;
}
