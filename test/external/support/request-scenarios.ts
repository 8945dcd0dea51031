import { counter, fires, type Scenario } from './promtool.js';

const count = 'http_server_request_duration_seconds_count';
const bucket = 'http_server_request_duration_seconds_bucket';
const recorded = 'job:http_server_request_errors:ratio_rate5m';

/** A service by how many requests a minute end within each bound. */
function timed(job: string, perMinute: Readonly<Record<string, number>>, minutes: number, route = '/orders') {
  const series: Record<string, string> = {};
  const labels = `job="${job}",http_route="${route}"`;
  for (const [le, increment] of Object.entries(perMinute)) {
    series[`${bucket}{${labels},le="${le}"}`] = counter([minutes, increment]);
  }
  series[`${count}{${labels}}`] = counter([minutes, perMinute['+Inf'] ?? 0]);
  return series;
}

/** A service by how many requests a minute end with each status. */
function answered(
  job: string,
  perMinute: Readonly<Record<number, number>>,
  minutes: number,
  route = '/orders',
) {
  return Object.fromEntries(
    Object.entries(perMinute).map(([status, increment]) => [
      `${count}{job="${job}",http_response_status_code="${status}",http_route="${route}"}`,
      counter([minutes, increment]),
    ]),
  );
}

const job = (name: string) => `{job="${name}"}`;

const latency: Scenario = {
  name: 'HighLatencyP99',
  interval: '1m',
  series: {
    // Its 99th of 100 requests is the last that ends within 3 s.
    ...timed('exact', { '2.5': 5_880, '3': 5_940, '5': 6_000, '+Inf': 6_000 }, 20),
    ...timed('slow', { '2.5': 5_880, '3': 5_934, '5': 6_000, '+Inf': 6_000 }, 20),
    // Of 2 % that take 2.6 s.
    ...timed('near', { '2.5': 5_880, '3': 6_000, '5': 6_000, '+Inf': 6_000 }, 20),
    ...timed('seldom', { '2.5': 0, '3': 0, '5': 3, '+Inf': 3 }, 20),
    ...timed('enough', { '2.5': 0, '3': 0, '5': 3.5, '+Inf': 3.5 }, 20),
    // One route is fast, the other is not.
    ...timed('mixed', { '2.5': 6_000, '3': 6_000, '5': 6_000, '+Inf': 6_000 }, 20),
    ...timed('mixed', { '2.5': 0, '3': 0, '5': 120, '+Inf': 120 }, 20, '/reports'),
    // Slow until three minutes before the end.
    [`${bucket}{job="lately",le="3"}`]: counter([17, 0], [3, 60]),
    [`${bucket}{job="lately",le="5"}`]: counter([20, 60]),
    [`${bucket}{job="lately",le="+Inf"}`]: counter([20, 60]),
    [`${count}{job="lately"}`]: counter([20, 60]),
    // A thousand fast probes hide nothing, and slow probes are nobody's wait.
    ...timed('probed', { '2.5': 0, '3': 0, '5': 60, '+Inf': 60 }, 20),
    ...timed('probed', { '2.5': 60_000, '3': 60_000, '5': 60_000, '+Inf': 60_000 }, 20, '/health/live'),
    ...timed('probes', { '2.5': 0, '3': 0, '5': 600, '+Inf': 600 }, 20, '/metrics'),
    ...timed('probes', { '2.5': 600, '3': 600, '5': 600, '+Inf': 600 }, 20),
  },
  expects: [
    fires('2m', 'HighLatencyP99'),
    fires('3m', 'HighLatencyP99', ...['slow', 'mixed', 'lately', 'probed'].map(job)),
    fires('20m', 'HighLatencyP99', ...['slow', 'enough', 'mixed', 'lately', 'probed'].map(job)),
  ],
};

const errors: Scenario = {
  name: 'HighErrorRate',
  interval: '1m',
  series: {
    ...answered('exact', { 200: 5_940, 500: 60 }, 20),
    ...answered('failing', { 200: 5_930, 503: 70 }, 20),
    ...answered('asked-wrongly', { 200: 3_000, 404: 3_000 }, 20),
    ...answered('seldom', { 200: 0, 500: 3 }, 20),
    ...answered('enough', { 500: 3.5 }, 20),
    // Each route by itself is within bounds.
    ...answered('together', { 200: 2_964, 500: 36 }, 20, '/a'),
    ...answered('together', { 200: 2_964, 502: 36 }, 20, '/b'),
    ...answered('idle', { 200: 0, 500: 0 }, 20),
    ...answered('spotless', { 200: 60 }, 20),
    ...answered('probed', { 200: 60, 500: 60 }, 20),
    ...answered('probed', { 200: 60_000 }, 20, '/health'),
    ...answered('probes', { 200: 600 }, 20),
    ...answered('probes', { 503: 600 }, 20, '/health/ready'),
  },
  expects: [
    fires('2m', 'HighErrorRate'),
    fires('3m', 'HighErrorRate', ...['failing', 'together', 'probed'].map(job)),
    fires('20m', 'HighErrorRate', ...['failing', 'enough', 'together', 'probed'].map(job)),
    {
      at: '10m',
      query: `${recorded}{job="spotless"}`,
      gives: [{ labels: `${recorded}{job="spotless"}`, value: 0 }],
    },
  ],
};

const shortly = 62;
const drop = (job: string, before: number, now: number) => ({
  [`${count}{job="${job}",http_response_status_code="200"}`]: counter([shortly, before], [40, now]),
});
const gone = (job: string) => ({
  [`${count}{job="${job}",http_response_status_code="200"}`]: `${counter([shortly, 60])} stale`,
});

const traffic: Scenario = {
  name: 'TrafficDrop',
  interval: '1m',
  series: {
    ...drop('steady', 60, 60),
    ...drop('exact', 600, 60),
    ...drop('dropped', 600, 54),
    ...drop('silent', 60, 0),
    ...drop('seldom', 3, 0),
    ...drop('enough', 3.5, 0),
    // Restarted, and nobody comes: it has no series of requests at all.
    ...gone('pulled'),
    'up{job="pulled"}': `1x${shortly + 40}`,
    ...gone('pushed'),
    'golden_signals_heartbeat_timestamp_seconds{job="pushed"}': counter([shortly + 40, 60]),
    // These are for the liveness rules to tell.
    ...gone('down'),
    'up{job="down"}': `1x${shortly} 0x40`,
    ...gone('removed'),
  },
  expects: [
    fires('75m', 'TrafficDrop'),
    fires('90m', 'TrafficDrop', ...['dropped', 'silent', 'enough', 'pulled', 'pushed'].map(job)),
  ],
};

export const requestScenarios: readonly Scenario[] = [latency, errors, traffic];
