import { expect, test } from 'vitest';
import { resolvePrometheus } from '../../src/metrics/prometheus-options.js';
import { type ServiceMetricsParts, serveMetrics } from '../../src/service/metrics.js';

function serve(given: Parameters<typeof resolvePrometheus>[0]) {
  const lines: string[] = [];
  const routes: string[] = [];
  serveMetrics({
    config: { metrics: { prometheus: resolvePrometheus(given, false) } },
    collect: undefined,
    log: { warnOnce: (_key: string, line: string) => void lines.push(line) },
    probes: { addRoute: () => void routes.push('servers') },
    management: { addRoute: () => void routes.push('management') },
  } as unknown as ServiceMetricsParts);
  return { lines, routes };
}

test('where the application has a meter provider of its own, there is nothing to scrape, and one line for whom that surprises', () => {
  expect(serve({})).toEqual({
    lines: [expect.stringMatching(/^metrics\.prometheus is ignored: .*; give that a Prometheus exporter$/)],
    routes: [],
  });
  expect(serve(undefined)).toEqual({ lines: [], routes: [] });
});
