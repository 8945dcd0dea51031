import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEnvironment } from '../../src/core/environment.js';
import { resolveOtlp, type Signal } from '../../src/export/otlp-config.js';

function resolve(variables: Record<string, string>, signal: Signal = 'traces') {
  const said: string[] = [];
  const onInvalid = (message: string) => said.push(message);
  const config = resolveOtlp(signal, 'http/protobuf', createEnvironment(variables, onInvalid), onInvalid);
  return { ...config, href: config.url.href, said };
}

const all = 'OTEL_EXPORTER_OTLP_';
const traces = `${all}TRACES_`;

describe('the endpoint', () => {
  test.each([
    [{}, 'http://localhost:4318/v1/traces'],
    [{ [`${all}ENDPOINT`]: 'http://collector:4318' }, 'http://collector:4318/v1/traces'],
    [{ [`${all}ENDPOINT`]: 'https://collector/base/' }, 'https://collector/base/v1/traces'],
    [{ [`${all}ENDPOINT`]: 'https://collector/base?key=1' }, 'https://collector/base/v1/traces?key=1'],
    [{ [`${all}ENDPOINT`]: ' ' }, 'http://localhost:4318/v1/traces'],
    [{ [`${traces}ENDPOINT`]: 'http://collector:4318' }, 'http://collector:4318/'],
    [{ [`${traces}ENDPOINT`]: 'http://a/mine', [`${all}ENDPOINT`]: 'http://b' }, 'http://a/mine'],
    [{ [`${all}METRICS_ENDPOINT`]: 'http://a/mine' }, 'http://localhost:4318/v1/traces'],
  ])('of traces with %j is %s', (variables, expected) => {
    expect(resolve(variables)).toMatchObject({ href: expected, said: [] });
  });

  test.each(['collector:4318', 'not a url', 'ftp://collector', 'grpc://collector:4317'])(
    'is the next best where %s is given, with one line',
    (given) => {
      expect(resolve({ [`${all}ENDPOINT`]: given })).toMatchObject({
        href: 'http://localhost:4318/v1/traces',
        said: [`${all}ENDPOINT must be an http or https URL: it is ignored`],
      });
      expect(resolve({ [`${traces}ENDPOINT`]: given, [`${all}ENDPOINT`]: 'http://b' })).toMatchObject({
        href: 'http://b/v1/traces',
        said: [`${traces}ENDPOINT must be an http or https URL: it is ignored`],
      });
    },
  );
});

describe('headers', () => {
  test('of the signal are added to those of all, and win', () => {
    const { headers, said } = resolve({
      [`${all}HEADERS`]: 'Authorization=Bearer%20x, tenant = shop,,a=b=c',
      [`${traces}HEADERS`]: 'tenant=orders',
      [`${all}METRICS_HEADERS`]: 'tenant=no',
    });
    expect(headers).toEqual({ authorization: 'Bearer x', tenant: 'orders', a: 'b=c' });
    expect(said).toEqual([]);
  });

  test.each(['novalue', 'a=%zz', 'bad name=1', 'a=1%0d%0ab', '=1'])(
    'that are not such, as in %j, are passed over without a word of them',
    (given) => {
      const { headers, said } = resolve({ [`${all}HEADERS`]: `secret=1,${given}` });
      expect(headers).toEqual({});
      expect(said).toEqual([
        `${all}HEADERS must be key=value pairs separated by commas, percent-encoded: it is ignored`,
      ]);
    },
  );
});

test('headers of any text are read or reported, never an exception', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { headers, said } = resolve({ [`${all}HEADERS`]: text });
      if (said.length > 0) expect(headers).toEqual({});
      for (const [name, value] of Object.entries(headers)) {
        expect(() => new Headers({ [name]: '' }).get(name)).not.toThrow();
        expect(value).not.toMatch(/[\r\n\0]/);
      }
    }),
  );
});

describe('the time-out', () => {
  test.each([
    [{}, 10_000],
    [{ [`${all}TIMEOUT`]: '500' }, 500],
    [{ [`${all}TIMEOUT`]: '500', [`${traces}TIMEOUT`]: '700' }, 700],
    [{ [`${all}TIMEOUT`]: '500', [`${all}METRICS_TIMEOUT`]: '700' }, 500],
    [{ [`${all}TIMEOUT`]: '99999999999' }, 2 ** 31 - 1],
  ])('with %j is %d', (variables, expected) => {
    expect(resolve(variables)).toMatchObject({ timeoutMs: expected, said: [] });
  });

  test.each(['0', '-1', 'soon', '1e999'])('of %s is the default, with one line', (given) => {
    const { timeoutMs, said } = resolve({ [`${all}TIMEOUT`]: given });
    expect({ timeoutMs, lines: said.length }).toEqual({ timeoutMs: 10_000, lines: 1 });
  });
});

describe('compression', () => {
  test.each([
    [{}, 'none'],
    [{ [`${all}COMPRESSION`]: 'gzip' }, 'gzip'],
    [{ [`${all}COMPRESSION`]: 'gzip', [`${traces}COMPRESSION`]: 'none' }, 'none'],
    [{ [`${all}METRICS_COMPRESSION`]: 'gzip' }, 'none'],
  ])('with %j is %s', (variables, expected) => {
    expect(resolve(variables)).toMatchObject({ compression: expected, said: [] });
  });

  test('of an unknown kind is none, with one line', () => {
    const { compression, said } = resolve({ [`${all}COMPRESSION`]: 'brotli' });
    expect({ compression, lines: said.length }).toEqual({ compression: 'none', lines: 1 });
  });
});

describe('certificates', () => {
  const file = __filename;

  test('are read from the files that are named', () => {
    const { tls } = resolve({
      [`${all}CERTIFICATE`]: file,
      [`${traces}CLIENT_CERTIFICATE`]: file,
      [`${all}CLIENT_KEY`]: file,
    });
    expect(Object.keys(tls)).toEqual(['ca', 'cert', 'key']);
    expect(tls.ca?.toString()).toContain('are read from the files');
  });

  test('that cannot be read are passed over with one line each', () => {
    const { tls, said } = resolve({ [`${all}CERTIFICATE`]: '/no/such/file' });
    expect(tls).toEqual({});
    expect(said).toEqual([`${all}CERTIFICATE must be the path of a file that can be read: it is ignored`]);
  });
});
