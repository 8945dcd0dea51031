import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDashboard } from '../../src/rules/dashboard.js';
import { createRuleGroups } from '../../src/rules/rule-groups.js';
import { resolveRules } from '../../src/rules/rule-options.js';
import { toYaml } from '../../src/rules/rule-yaml.js';
import { prometheusName, SERIES, type SeriesKind } from '../../src/rules/series.js';
import { type PrometheusServer, startPrometheus, type Vector } from './support/prometheus.js';

const config = resolveRules({ jobs: ['orders'] });

/** Labels that a panel groups by or asks for; every series has them all. */
const labels = [
  'http_request_method="GET"',
  'http_route="/orders/:id"',
  'server_address="payment"',
  'server_port="8080"',
  'db_system_name="postgresql"',
  'db_operation_name="SELECT"',
  'db_client_connection_pool_name="orders"',
  'db_client_connection_state="used"',
  'golden_signals_breaker_name="payment:8080"',
  'golden_signals_health_check="disk"',
  'golden_signals_reason="queue_full"',
];
const statuses = ['http_response_status_code="200"', 'http_response_status_code="500",error_type="500"'];
const breakerStates = ['closed', 'open', 'half-open', 'forced-open'].map(
  (state) => `golden_signals_breaker_state="${state}"`,
);

/** A page with a series of everything that the table knows, growing with each scrape. */
function exposition(scrape: number): string {
  return Object.values(SERIES)
    .flatMap((series: SeriesKind) => linesOf(series, scrape))
    .join('\n')
    .concat('\n');
}

function linesOf(series: SeriesKind, scrape: number): string[] {
  const name = prometheusName(series);
  const line = (suffix: string, more: string, value: number) =>
    `${name}${suffix}{${[...labels, more].filter(Boolean).join(',')}} ${value}`;
  if (series.kind === 'histogram') {
    return statuses.flatMap((status) => [
      line('_bucket', `${status},le="0.5"`, 5 * scrape),
      line('_bucket', `${status},le="3"`, 9 * scrape),
      line('_bucket', `${status},le="+Inf"`, 10 * scrape),
      line('_count', status, 10 * scrape),
    ]);
  }
  const value =
    series.kind === 'counter' ? scrape : series.name.endsWith('timestamp') ? Date.now() / 1_000 : 1;
  if (series.name.startsWith('golden_signals.breaker'))
    return breakerStates.map((state) => line('', state, value));
  return [line('', '', value)];
}

let scrapes = 0;
const target = createServer((_req, res) => {
  scrapes += 1;
  res.end(exposition(scrapes));
});
let prometheus: PrometheusServer;

beforeAll(async () => {
  await once(target.listen(0, '127.0.0.1'), 'listening');
  const { port } = target.address() as AddressInfo;
  prometheus = await startPrometheus(
    { orders: `127.0.0.1:${port}` },
    toYaml(createRuleGroups(config).map((group) => ({ ...group, intervalS: 1 }))),
  );
  // A rate needs two samples, and some more where the machine is busy.
  const seen = 'count_over_time(up[1m])';
  await prometheus.apiUntil<Vector>('some scrapes', 'query', { query: seen }, ({ result }) =>
    result.some(({ value }) => Number(value[1]) >= 8),
  );
});

afterAll(async () => {
  await prometheus?.close();
  target.closeAllConnections();
  target.close();
});

interface Panels {
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

const queries = (createDashboard(config) as Panels).panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({
    title,
    query: expr
      .replaceAll('$__rate_interval', '1m')
      .replaceAll('$job', 'orders|payments')
      .replaceAll('$instance', '.*'),
  })),
);

interface RuleGroups {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly name: string;
      readonly health: string;
      readonly lastError?: string;
    }[];
  }[];
}

describe('a real Prometheus', () => {
  test.each(queries)('has something to show in the panel $title: $query', async ({ query }) => {
    const { result } = await prometheus.apiUntil<Vector>(
      'a series',
      'query',
      { query },
      (answer) => answer.result.length > 0,
    );
    expect(result).not.toEqual([]);
  });

  test('evaluates every rule without complaint', async () => {
    const expected = createRuleGroups(config).flatMap(({ rules }) => rules).length;
    const { groups } = await prometheus.apiUntil<RuleGroups>('all rules', 'rules', {}, (answer) =>
      answer.groups.every(({ rules }) => rules.every(({ health }) => health !== 'unknown')),
    );
    const rules = groups.flatMap((group) => group.rules);
    expect(rules).toHaveLength(expected);
    expect(rules.filter(({ health, lastError }) => health !== 'ok' || lastError)).toEqual([]);
  });
});
