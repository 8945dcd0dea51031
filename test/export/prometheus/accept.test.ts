import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatFor, takesGzip } from '../../../src/export/prometheus/accept.js';

const prometheus2 =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
const prometheus3 =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,' +
  'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1';

describe('the format', () => {
  test.each([
    [prometheus2, 'openmetrics'],
    [prometheus3, 'openmetrics'],
    ['application/openmetrics-text', 'openmetrics'],
    ['application/openmetrics-text; version="1.0.0"; charset=utf-8', 'openmetrics'],
    ['Application/OpenMetrics-Text;Version=1.0.0', 'openmetrics'],
    ['application/openmetrics-text, */*', 'openmetrics'],
    ['application/openmetrics-text;q=0.5, text/plain;q=0.4', 'openmetrics'],
    ['application/openmetrics-text;q=0.4, text/plain;q=0.5', 'text'],
    ['text/plain, application/openmetrics-text', 'text'],
    ['application/openmetrics-text;q=0.4, */*', 'text'],
    ['application/openmetrics-text;version=0.0.1', 'text'],
    ['application/openmetrics-text;version=2.0.0', 'text'],
    ['application/openmetrics-text;q=0', 'text'],
    ['application/openmetrics-text;q=high', 'text'],
    ['application/*', 'text'],
    ['*/*', 'text'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'text'],
    ['application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited', 'text'],
    ['', 'text'],
    [undefined, 'text'],
  ])('for Accept: %s', (accept, format) => {
    expect(formatFor(accept)).toBe(format);
  });

  test('is one of the two for anything', () => {
    const part = fc.constantFrom(
      'application/openmetrics-text',
      'text/plain',
      '*/*',
      ';',
      ',',
      'q=',
      '=',
      '"',
      '1',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(part).map((parts) => parts.join('')),
        ),
        (accept) => {
          expect(['text', 'openmetrics']).toContain(formatFor(accept));
          takesGzip(accept);
        },
      ),
    );
  });
});

test.each([
  ['gzip', true],
  ['deflate, gzip;q=1.0, *;q=0.5', true],
  ['GZIP;q=0.1', true],
  ['gzip;q=0', false],
  ['deflate, br', false],
  ['*', false],
  ['', false],
  [undefined, false],
])('Accept-Encoding: %s takes gzip: %s', (header, expected) => {
  expect(takesGzip(header)).toBe(expected);
});
