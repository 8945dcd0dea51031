import { readFileSync } from 'node:fs';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Environment } from '../core/environment.js';
import { maxTimerMs } from '../core/timers.js';

/** How one signal leaves over OTLP/HTTP. */
export interface OtlpConfig {
  readonly protocol: 'http/protobuf' | 'http/json';
  /** With the path of the signal. */
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** For one export with all its retries. */
  readonly timeoutMs: number;
  readonly compression: 'none' | 'gzip';
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
}

export type Signal = 'traces' | 'metrics' | 'logs';

const compressions = ['none', 'gzip'] as const;

/**
 * Reads OTEL_EXPORTER_OTLP_*: what is set for the signal beats what is set for all. What cannot be understood is reported and passed
 * over, as everywhere; no value is ever in the report.
 */
export function resolveOtlp(
  signal: Signal,
  protocol: OtlpConfig['protocol'],
  env: Environment,
  onInvalid: (message: string) => void,
): OtlpConfig {
  const common = (name: string) => `OTEL_EXPORTER_OTLP_${name}`;
  const own = (name: string) => common(`${signal.toUpperCase()}_${name}`);
  const timeoutMs = env.integer(own('TIMEOUT'), env.integer(common('TIMEOUT'), 10_000));
  return Object.freeze({
    protocol,
    url: ownUrl() ?? commonUrl(),
    headers: Object.freeze({ ...headersFrom(common('HEADERS')), ...headersFrom(own('HEADERS')) }),
    timeoutMs: Math.min(timeoutMs, maxTimerMs),
    compression: env.oneOf(
      own('COMPRESSION'),
      compressions,
      env.oneOf(common('COMPRESSION'), compressions, 'none'),
    ),
    tls: Object.freeze({
      ...fileFrom('ca', 'CERTIFICATE'),
      ...fileFrom('cert', 'CLIENT_CERTIFICATE'),
      ...fileFrom('key', 'CLIENT_KEY'),
    }),
  });

  function invalid(name: string, rule: string): void {
    // Without the value, which may hold credentials.
    onInvalid(`${name} must be ${rule}: it is ignored`);
  }

  function urlFrom(name: string): URL | undefined {
    const given = env.text(name);
    if (given === undefined) return undefined;
    if (URL.canParse(given) && /^https?:/i.test(given)) return new URL(given);
    invalid(name, 'an http or https URL');
    return undefined;
  }

  // Taken as it is: a path is added to the common endpoint alone (OpenTelemetry, "OTLP Exporter Configuration").
  function ownUrl(): URL | undefined {
    return urlFrom(own('ENDPOINT'));
  }

  function commonUrl(): URL {
    const url = urlFrom(common('ENDPOINT')) ?? new URL('http://localhost:4318');
    url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/${signal}`;
    return url;
  }

  function headersFrom(name: string): Record<string, string> {
    const headers: Record<string, string> = {};
    for (const pair of (env.text(name) ?? '').split(',')) {
      if (pair.trim() === '') continue;
      const equals = pair.indexOf('=');
      try {
        if (equals < 0) throw new URIError();
        const key = pair.slice(0, equals).trim().toLowerCase();
        const value = decodeURIComponent(pair.slice(equals + 1).trim());
        validateHeaderName(key);
        validateHeaderValue(key, value);
        headers[key] = value;
      } catch {
        invalid(name, 'key=value pairs separated by commas, percent-encoded');
        return {};
      }
    }
    return headers;
  }

  function fileFrom(key: keyof OtlpConfig['tls'], suffix: string): OtlpConfig['tls'] {
    const name = env.text(own(suffix)) === undefined ? common(suffix) : own(suffix);
    const path = env.text(name);
    if (path === undefined) return {};
    try {
      return { [key]: readFileSync(path) };
    } catch {
      invalid(name, 'the path of a file that can be read');
      return {};
    }
  }
}
