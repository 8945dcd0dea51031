import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { resolveHealth } from '../../src/health/options.js';
import { resolveShutdown } from '../../src/process/shutdown-options.js';
import { planOf } from '../../src/process/shutdown-plan.js';

type Yaml = string | { [key: string]: Yaml };

interface Line {
  readonly indent: number;
  readonly key: string;
  readonly value: string;
}

const FOLDER = join(__dirname, '../../examples/kubernetes');
const textOf = (file: string) => readFileSync(join(FOLDER, file), 'utf8');

/** Reads the block style that the examples are written in; the items of a list get their position as key. */
function parse(text: string): Yaml {
  const lines: Line[] = [];
  let items = 0;
  for (const line of text.split('\n')) {
    const match = /^( *)(- )?([\w./-]+):(?: +([^#]*?))?(?: +#.*)?$/.exec(line);
    if (match === null) {
      expect(line).toMatch(/^ *(#.*)?$/);
      continue;
    }
    const [, spaces = '', dash, key = '', value = ''] = match;
    const indent = spaces.length;
    if (dash !== undefined) {
      lines.push({ indent, key: `item ${items}`, value: '' });
      items += 1;
    }
    lines.push({
      indent: dash === undefined ? indent : indent + 2,
      key,
      value: value.replace(/^"(.*)"$/, '$1'),
    });
  }
  const take = (indent: number): Yaml => {
    const tree: { [key: string]: Yaml } = {};
    for (let line = lines[0]; line !== undefined && line.indent === indent; line = lines[0]) {
      lines.shift();
      const inner = lines[0];
      tree[line.key] =
        line.value === '' && inner !== undefined && inner.indent > indent ? take(inner.indent) : line.value;
    }
    return tree;
  };
  return take(0);
}

function at(tree: Yaml, ...path: readonly string[]): Yaml {
  return path.reduce<Yaml>((from, key) => {
    const found = (from as { [key: string]: Yaml })[key];
    if (found === undefined) throw new Error(`no ${key} in ${Object.keys(from)}`);
    return found;
  }, tree);
}

const listOf = (tree: Yaml) => Object.values(tree) as { [key: string]: Yaml }[];

const deployment = parse(textOf('deployment.yaml'));
const service = parse(textOf('service.yaml'));
const pod = at(deployment, 'spec', 'template', 'spec');
const [container = {}] = listOf(at(pod, 'containers'));
const probes = {
  startup: at(container, 'startupProbe'),
  ready: at(container, 'readinessProbe'),
  live: at(container, 'livenessProbe'),
};
const seconds = (tree: Yaml, name: string) => Number(at(tree, name));

describe('the deployment', () => {
  test.each(['startup', 'ready', 'live'] as const)('asks the %s probe where it is answered', (name) => {
    expect(resolveHealth().probes.get(at(probes[name], 'httpGet', 'path') as string)).toBe(name);
  });

  test('asks the probes on the port of the traffic', () => {
    const [port = {}] = listOf(at(container, 'ports'));
    for (const probe of Object.values(probes)) expect(at(probe, 'httpGet', 'port')).toBe(port.name);
    const [published = {}] = listOf(at(service, 'spec', 'ports'));
    expect(published.targetPort).toBe(port.name);
  });

  test('gives the whole shutdown time, and 2 s to spare', () => {
    const graceS = seconds(pod, 'terminationGracePeriodSeconds');
    const warnings: string[] = [];
    const config = resolveShutdown({}, { outside: 'kubernetes', gracePeriodS: graceS }, (line) =>
      warnings.push(line),
    );
    const { budgetMs } = config.times.signal;
    expect(budgetMs + 2_000).toBeLessThanOrEqual(graceS * 1_000);
    expect(warnings).toEqual([]);
    const plan = planOf(config, {
      kind: 'signal',
      signal: 'SIGTERM',
      isFromTerminal: false,
      isBeside: false,
    });
    expect(Object.values(plan).reduce((sum, ms) => sum + ms, 0)).toBeLessThan(budgetMs);
  });

  test('tells the library the same grace period', () => {
    const grace = listOf(at(container, 'env')).find(
      ({ name }) => name === 'TERMINATION_GRACE_PERIOD_SECONDS',
    );
    expect(grace?.value).toBe(at(pod, 'terminationGracePeriodSeconds'));
  });

  test('gives probes more time than they take', () => {
    // health.md, section 3: a probe waits at most 800 ms, for a check that has no result yet.
    for (const probe of Object.values(probes)) expect(seconds(probe, 'timeoutSeconds')).toBeGreaterThan(0.8);
  });

  test('restarts what is silent for a minute, and takes out what is not ready within ten seconds', () => {
    const afterS = (probe: Yaml) => seconds(probe, 'periodSeconds') * seconds(probe, 'failureThreshold');
    expect([afterS(probes.startup), afterS(probes.ready), afterS(probes.live)]).toEqual([60, 10, 60]);
  });

  test('has no preStop hook: the delay is the library’s', () => {
    expect(Object.keys(container)).not.toContain('lifecycle');
    expect(resolveShutdown({}, { outside: 'kubernetes', gracePeriodS: 30 }).times.signal.delayMs).toBe(5_000);
  });

  test('says in its comments what the code does', () => {
    const text = textOf('deployment.yaml');
    const { times } = resolveShutdown({}, { outside: 'kubernetes', gracePeriodS: undefined });
    const { budgetMs, delayMs } = times.signal;
    expect(text).toContain(`shutdown.budgetMs (${budgetMs / 1_000} s)`);
    expect(text).toContain(`serves on for ${delayMs / 1_000} s`);
  });

  test('explains each of its numbers in a line', () => {
    for (const file of ['deployment.yaml', 'service.yaml']) {
      const numbers = textOf(file)
        .split('\n')
        .filter((line) => /: "?\d+"?( |$)/.test(line));
      expect(numbers.length).toBeGreaterThan(0);
      expect(numbers.filter((line) => !line.includes('# '))).toEqual([]);
    }
  });
});

test('the service selects the pods of the deployment', () => {
  const labels = at(deployment, 'spec', 'template', 'metadata', 'labels');
  expect(at(service, 'spec', 'selector')).toEqual(labels);
  expect(at(deployment, 'spec', 'selector', 'matchLabels')).toEqual(labels);
});
