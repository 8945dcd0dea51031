import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { VERSION } from '../../src/version.js';
import { typed } from './support/terminal.js';

const names = ['console', 'init', 'rules', 'dashboard', 'doctor'];

describe('the command line', () => {
  test.each([['--help'], ['-h'], ['help']])('tells its commands: %s', async (word) => {
    const { code, out, err } = await typed([word]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const name of names) expect(out).toContain(name);
  });

  test('tells its commands on standard error when none is given', async () => {
    const { code, out, err } = await typed([]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    for (const name of names) expect(err).toContain(name);
  });

  test('tells its version', async () => {
    expect(await typed(['--version'])).toEqual({ code: 0, out: `${VERSION}\n`, err: '' });
  });

  test.each([
    [['dokter'], 'dokter is unknown: did you mean doctor?'],
    [['qqqqqqqqqqqq'], 'qqqqqqqqqqqq is unknown: known are console, init, rules, dashboard, doctor'],
    [['rules', '--p98', '3s'], '--p98 is unknown: did you mean --p99?'],
    [['rules', '--eror-ratio=1'], '--eror-ratio is unknown: did you mean --error-ratio?'],
    [['rules', '-x'], "Unknown option '-x'"],
    [['rules', 'orders'], 'orders is one argument too many'],
    [['rules', '--p99'], '--p99'],
    [['rules', '--p99', '1s', '--p99', '2s'], '--p99 was given twice'],
    [['rules', '--json=yes'], '--json'],
    [['rules', '--p99', '3'], '--p99 takes a time with its unit, such as 500ms, 3s or 2m, got "3"'],
    [['rules', '--p99', '0s'], '--p99 must be a number above 0, got 0'],
    [['rules', '--pool', '80%'], '--pool takes a number, got "80%"'],
    [['rules', '--pool', '80'], '--pool must be a number above 0 and below 1, got 80'],
    [['rules', '--slo-latency', '0.5s'], '--slo-latency takes a time and a percentage, such as 0.5s:99'],
    [
      ['rules', '--slo-latency', '0.5s:100'],
      '--slo-latency (percent) must be a number above 0 and below 100',
    ],
    [['rules', '--job', ''], '--job must be a string with at least one character'],
    [['doctor', '--url', 'localhost:3000'], '--url takes an http or https URL'],
  ])('does not understand %j, and says why', async (words, message) => {
    const { code, out, err } = await typed(words);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
    expect(err).not.toContain('    at ');
  });

  test.each(names)('has help for %s, which does nothing', async (name) => {
    const { code, out } = await typed([name, '--help']);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^golden-signals ${name} `));
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(110);
  });
});

describe('golden-signals rules', () => {
  test('prints YAML with the thresholds that were given', async () => {
    const { code, out, err } = await typed(
      'rules --p99 2.5s --error-ratio 0.05 --pool 0.9 --loop-delay 50ms --breaker-for 90s --job a --job b'.split(
        ' ',
      ),
    );
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(parse(out).groups.length).toBeGreaterThan(3);
    for (const text of [
      '> 2.5',
      '> 0.05',
      '> 0.9',
      '> 0.05',
      'for: 90s',
      'job="a"',
      'job="b"',
      'up{job=~"a|b"}',
    ])
      expect(out).toContain(text);
  });

  test('prints JSON with what a program wants to know of each rule', async () => {
    const { out } = await typed(['rules', '--json', '--p99', '2500ms']);
    const { groups } = JSON.parse(out) as { groups: { rules: Record<string, unknown>[] }[] };
    expect(groups.flatMap(({ rules }) => rules)).toContainEqual(
      expect.objectContaining({
        alert: 'HighLatencyP99',
        threshold: 2.5,
        signal: 'latency',
        reads: ['serverDuration'],
      }),
    );
  });

  test('says on standard error that a threshold is no bucket bound, and prints the rules all the same', async () => {
    const { code, out, err } = await typed(['rules', '--p99', '4s', '--slo-latency', '0.3s:99']);
    expect(code).toBe(0);
    expect(err.trim().split('\n')).toEqual([
      expect.stringMatching(/^the p99 threshold of 4 s is no bucket bound.*metrics\.boundaries.* 4$/),
      expect.stringMatching(
        /^the latency objective of 0\.3 s is no bucket bound.*metrics\.boundaries.* 0\.3$/,
      ),
    ]);
    expect(parse(out)).toHaveProperty('groups');
  });
});

describe('golden-signals dashboard', () => {
  test('prints JSON', async () => {
    const { code, out, err } = await typed(['dashboard', '--p99', '1s']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toMatchObject({ uid: 'golden-signals', title: 'Golden signals' });
  });
});
