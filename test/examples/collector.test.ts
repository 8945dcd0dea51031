import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { createEnvironment } from '../../src/core/environment.js';
import { resolveOtlp } from '../../src/export/otlp-config.js';
import { resolveRules } from '../../src/rules/rule-options.js';

interface Config {
  readonly receivers: {
    readonly otlp: { readonly protocols: { readonly http: { readonly endpoint: string } } };
  };
  readonly processors: Readonly<Record<string, { readonly policies?: readonly Policy[] }>>;
  readonly exporters: Readonly<Record<string, { readonly endpoint: string }>>;
  readonly service: {
    readonly pipelines: Readonly<Record<string, Readonly<Record<Kind, readonly string[]>>>>;
  };
}

interface Policy {
  readonly type: string;
  readonly latency?: { readonly threshold_ms: number };
}

const kinds = ['receivers', 'processors', 'exporters'] as const;
type Kind = (typeof kinds)[number];

const config = parse(readFileSync(join(__dirname, '../../examples/collector/config.yaml'), 'utf8')) as Config;

test('the pipelines of the collector name components that are configured, the memory limiter first', () => {
  expect(Object.keys(config.service.pipelines)).toEqual(['traces', 'metrics']);
  for (const pipeline of Object.values(config.service.pipelines)) {
    for (const kind of kinds)
      for (const name of pipeline[kind]) expect(Object.keys(config[kind])).toContain(name);
    expect(pipeline.processors[0]).toBe('memory_limiter');
    expect(pipeline.processors.at(-1)).toBe('batch');
  }
  expect(config.service.pipelines.metrics?.processors).not.toContain('tail_sampling');
});

test('the collector listens where services send to by default', () => {
  const { url } = resolveOtlp(
    'traces',
    'http/protobuf',
    createEnvironment({}, () => {}),
    () => {},
  );
  expect(config.receivers.otlp.protocols.http.endpoint).toMatch(new RegExp(`:${url.port}$`));
});

test('the collector keeps each trace that is slow enough for an alert', () => {
  const policies = config.processors.tail_sampling?.policies ?? [];
  const slow = policies.find(({ type }) => type === 'latency')?.latency?.threshold_ms;
  expect(slow).toBe(resolveRules().p99S * 1_000);
  expect(policies.map(({ type }) => type)).toEqual(['status_code', 'latency', 'probabilistic']);
});
