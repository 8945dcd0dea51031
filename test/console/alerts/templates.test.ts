import { describe, expect, test } from 'vitest';
import { parseTemplate } from '../../../src/console/alerts/templates/template.js';

const fill = (
  text: string,
  value = 0.905,
  labels: Record<string, string> = { job: 'orders', instance: 'a:80' },
) => parseTemplate(text)({ labels, value });

describe('a template of an annotation', () => {
  test.each([
    ['plain', 'plain'],
    ['{{ $labels.job }} is {{ $value | humanizePercentage }}', 'orders is 90.5%'],
    ['{{ .Labels.job }}/{{ .Value }}', 'orders/0.905'],
    ['{{ $labels.missing }}!', '!'],
    ['{{ printf "%.2f|%5.1f|%-6s|%v" $value 12.34 "ab" true }}', '0.91| 12.3|ab    |true'],
    ['a {{- " b " -}} c', 'a b c'],
    ['{{/* nothing */}}x', 'x'],
    ['{{ if gt $value 1.0 }}high{{ else if gt $value 0.5 }}medium{{ else }}low{{ end }}', 'medium'],
    ['{{ if eq $labels.job "orders" "payments" }}ours{{ end }}', 'ours'],
    ['{{ if and $labels.job (not $labels.missing) }}yes{{ end }}', 'yes'],
    ['{{ $labels.job | toUpper | title }}', 'ORDERS'],
    ['{{ $labels.instance | stripPort }}', 'a'],
    ['{{ stripDomain "host.example.org:80" }}', 'host:80'],
    ['{{ reReplaceAll "o(.)" "<$1>" $labels.job }}', '<r>ders'],
    ['{{ "}}" }}', '}}'],
    ['{{ `a"b` }}', 'a"b'],
    ['{{ len $labels.job }}', '6'],
    ['{{ humanizeTimestamp 3661.5 }}', '1970-01-01 01:01:01.5 +0000 UTC'],
    ['{{ humanizeTimestamp 86400 }}', '1970-01-02 00:00:00 +0000 UTC'],
  ])('%s', (text, expected) => {
    expect(fill(text)).toBe(expected);
  });

  test.each([
    [0, '0 0 0s 0%'],
    [1, '1 1 1s 100%'],
    [90.625, '90.62 90.62 1m 30s 9062%'],
    [1_234_567, '1.235M 1.177Mi 14d 6h 56m 7s 1.235e+08%'],
    [0.000_012_34, '12.34u 1.234e-05 12.34us 0.001234%'],
    [-61, '-61 -61 -1m 1s -6100%'],
    [3_661.5, '3.662k 3.576ki 1h 1m 1s 3.662e+05%'],
    [Number.NaN, 'NaN NaN NaN NaN%'],
    [Number.POSITIVE_INFINITY, '+Inf +Inf +Inf +Inf%'],
  ])('makes numbers legible: %d', (value, expected) => {
    const text =
      '{{ humanize $value }} {{ humanize1024 $value }} {{ humanizeDuration $value }} {{ humanizePercentage $value }}';
    expect(fill(text, value)).toBe(expected);
  });

  test('says in its place why it cannot be filled in', () => {
    expect(fill('{{ if gt $value 1 }}x{{ end }}')).toBe(
      '<error expanding template: incompatible types for comparison>',
    );
    expect(fill('{{ humanize "abc" }}')).toMatch(/^<error expanding template: /);
  });

  test.each([
    ['{{ $value', 'unclosed action'],
    ['{{ nofunc $value }}', 'function "nofunc" not defined'],
    ['{{ $other }}', 'undefined variable "$other"'],
    ['{{ end }}', 'unexpected {{ end }}'],
    ['{{ if $value }}x', 'unexpected EOF in {{ if }}'],
    ['{{ range query "up" }}x{{ end }}', '{{ range }} is not supported here'],
    ['{{ $value | }}', 'missing value for command'],
    ['{{ ( $value }}', 'unclosed left paren'],
    ['{{ $x := 1 }}', 'unexpected'],
    ['{{ $labels.job.more }}', "can't evaluate field more in type string"],
  ])('that cannot be read is refused: %s', (text, message) => {
    expect(() => parseTemplate(text)).toThrow(
      expect.objectContaining({ name: 'TemplateError', message: expect.stringContaining(message) }),
    );
  });
});
