import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { checkPods } from '../../src/cli/doctor/check-pods.js';
import { defaultBudgetS } from '../../src/cli/doctor/folder-findings.js';
import { podManifestsIn } from '../../src/cli/doctor/pod-manifests.js';
import { resolveHealth } from '../../src/health/options.js';
import { prometheusName, SERIES } from '../../src/rules/series.js';

const FOLDER = join(__dirname, '../../examples/kubernetes/shop');
const served = ['gateway', 'inventory', 'order', 'payment', 'product'];

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly timeoutSeconds: number;
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  // biome-ignore lint/suspicious/noExplicitAny: a manifest is looked into in many places
  readonly spec: any;
}

const documents = (file: string): Manifest[] =>
  parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8')).map((each) => {
    expect(each.errors).toEqual([]);
    return each.toJS() as Manifest;
  });

describe('the manifests of the shop', () => {
  test('are those of its services and what all of them share', () => {
    expect(readdirSync(FOLDER).sort()).toEqual(
      [...served, 'worker', 'adapter', 'podmonitor'].map((name) => `${name}.yaml`).sort(),
    );
  });

  test('give the doctor nothing to find but that the worker, which has no server, has no probes', () => {
    const found = checkPods(podManifestsIn(FOLDER), '30', defaultBudgetS);
    expect(found.map(({ id, what }) => [id, what.split(':')[0]])).toEqual([
      ['readiness-missing', 'worker.yaml (worker)'],
    ]);
  });

  test.each(served)('let %s be asked, scaled, disrupted and reached', (name) => {
    const [deployment, service, budget, scaler, ...more] = documents(`${name}.yaml`);
    expect([deployment, service, budget, scaler].map((each) => each?.kind)).toEqual([
      'Deployment',
      'Service',
      'PodDisruptionBudget',
      'HorizontalPodAutoscaler',
    ]);
    expect(more).toEqual([]);
    const { template, selector, replicas } = deployment?.spec ?? {};
    const [container] = template.spec.containers;
    const labels = template.metadata.labels;
    expect(labels).toMatchObject(selector.matchLabels);
    expect(labels).toMatchObject(service?.spec.selector);
    expect(labels).toMatchObject(budget?.spec.selector.matchLabels);
    expect(service?.spec.ports[0].targetPort).toBe(container.ports[0].name);
    expect(scaler?.spec.scaleTargetRef).toMatchObject({
      kind: 'Deployment',
      name: deployment?.metadata.name,
    });
    // One may go while another serves.
    expect(scaler?.spec.minReplicas).toBe(replicas);
    expect(replicas).toBeGreaterThan(budget?.spec.maxUnavailable);
    const probes = ['startup', 'ready', 'live'] as const;
    for (const [index, key] of ['startupProbe', 'readinessProbe', 'livenessProbe'].entries()) {
      const { httpGet, timeoutSeconds } = container[key] as Probe;
      expect(resolveHealth().probes.get(httpGet.path)).toBe(probes[index]);
      expect(httpGet.port).toBe(container.ports[0].name);
      expect(timeoutSeconds).toBeGreaterThan(0.8);
    }
    const env = new Map(
      container.env.map((each: { name: string; value: string }) => [each.name, each.value]),
    );
    expect(env.get('TERMINATION_GRACE_PERIOD_SECONDS')).toBe(
      `${template.spec.terminationGracePeriodSeconds}`,
    );
    expect(env.get('OTEL_SERVICE_NAME')).toBe(name);
    // Each upstream is a service of the shop.
    for (const [variable, url] of env)
      if (/_URL$/.test(String(variable)) && url !== undefined)
        expect(served.map((each) => `http://${each}`)).toContain(url);
  });

  test('are scraped by the label that the pods have, and named as the rules read them', () => {
    const [monitor] = documents('podmonitor.yaml');
    for (const name of served) {
      const { metadata, spec } = documents(`${name}.yaml`)[0]?.spec.template ?? {};
      expect(metadata.labels).toMatchObject(monitor?.spec.selector.matchLabels);
      expect(spec.containers[0].ports[0].name).toBe(monitor?.spec.podMetricsEndpoints[0].port);
    }
    expect(monitor?.spec.podMetricsEndpoints[0].relabelings).toContainEqual({
      sourceLabels: ['__meta_kubernetes_pod_label_app'],
      targetLabel: 'job',
    });
  });

  test('scale by a metric that this library has, and that the adapter passes on', () => {
    const metric = prometheusName(SERIES.loopUtilization);
    for (const name of served) {
      const [, , , scaler] = documents(`${name}.yaml`);
      const [{ pods }] = scaler?.spec.metrics ?? [];
      expect(pods.metric.name).toBe(metric);
      // Below 1, in thousandths, as Kubernetes writes it.
      expect(pods.target.averageValue).toMatch(/^[1-9]\d\dm$/);
    }
    const { rules } = parse(readFileSync(join(FOLDER, 'adapter.yaml'), 'utf8')) as {
      rules: { custom: { name: { matches: string }; seriesQuery: string }[] };
    };
    expect(rules.custom[0]?.name.matches).toBe(metric);
    expect(rules.custom[0]?.seriesQuery.startsWith(`${metric}{`)).toBe(true);
  });
});
