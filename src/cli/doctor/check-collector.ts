import type { Finding } from './finding.js';
import { request, shownUrl } from './request.js';

type Variables = Readonly<Record<string, string | undefined>>;

const defaultEndpoint = 'http://localhost:4318';

/** Sends an empty export to where traces and metrics of this environment go. */
export async function checkCollector(env: Variables): Promise<readonly Finding[]> {
  if (textOf(env, 'OTEL_SDK_DISABLED')?.toLowerCase() === 'true') {
    return [
      {
        id: 'sdk-disabled',
        severity: 'warning',
        what: 'OTEL_SDK_DISABLED is true: no spans, no metrics',
        cure: 'unset it where telemetry is wanted',
      },
    ];
  }
  const findings = await Promise.all([checkSignal('traces', env), checkSignal('metrics', env)]);
  const seen = new Set<string>();
  return findings.flat().filter(({ id, what }) => !seen.has(`${id} ${what}`) && seen.add(`${id} ${what}`));
}

async function checkSignal(signal: 'traces' | 'metrics', env: Variables): Promise<readonly Finding[]> {
  const upper = signal.toUpperCase();
  const exporters = (textOf(env, `OTEL_${upper}_EXPORTER`) ?? 'otlp').split(',').map((name) => name.trim());
  if (!exporters.includes('otlp')) return [];
  const protocol =
    textOf(env, `OTEL_EXPORTER_OTLP_${upper}_PROTOCOL`) ?? textOf(env, 'OTEL_EXPORTER_OTLP_PROTOCOL');
  if (protocol?.toLowerCase() === 'grpc') {
    return [
      {
        id: 'collector-protocol',
        severity: 'error',
        what: 'OTEL_EXPORTER_OTLP_PROTOCOL is grpc, which is not spoken',
        cure: 'set it to http/protobuf, and the endpoint to the HTTP port of the collector, mostly 4318',
      },
    ];
  }
  const own = textOf(env, `OTEL_EXPORTER_OTLP_${upper}_ENDPOINT`);
  const common = textOf(env, 'OTEL_EXPORTER_OTLP_ENDPOINT');
  const isDefault = own === undefined && common === undefined;
  const url = parsed(own ?? `${(common ?? defaultEndpoint).replace(/\/+$/, '')}/v1/${signal}`);
  if (url === undefined) {
    return [
      {
        id: 'collector-url',
        severity: 'error',
        what: `the endpoint of ${signal} is no http or https URL`,
        cure: `OTEL_EXPORTER_OTLP_ENDPOINT=${defaultEndpoint}`,
      },
    ];
  }
  return asked(url, signal, isDefault, protocol === 'http/json', headersFrom(env, upper));
}

async function asked(
  url: URL,
  signal: 'traces' | 'metrics',
  isDefault: boolean,
  isJson: boolean,
  headers: Headers,
): Promise<readonly Finding[]> {
  // An export of nothing: a message without fields is no bytes.
  headers.set('content-type', isJson ? 'application/json' : 'application/x-protobuf');
  const empty = signal === 'traces' ? '{"resourceSpans":[]}' : '{"resourceMetrics":[]}';
  const answer = await request(url, { method: 'POST', headers, body: isJson ? empty : new Uint8Array(0) });
  const where = shownUrl(url);
  if (answer.kind === 'failure') {
    return [
      {
        id: 'collector-unreachable',
        severity: isDefault ? 'warning' : 'error',
        what: `no collector answers at ${url.origin}: ${answer.reason}`,
        cure: isDefault
          ? 'start one there, or set OTEL_EXPORTER_OTLP_ENDPOINT; until then telemetry is dropped, and the service runs as ever'
          : `see that it runs and can be reached from here${url.port === '4317' ? '; 4317 is mostly its gRPC port, 4318 the HTTP one' : ''}`,
      },
    ];
  }
  const { status } = answer;
  if (status >= 200 && status < 300) return [];
  if (status === 401 || status === 403) {
    return [
      {
        id: 'collector-refuses',
        severity: 'error',
        what: `${where} answers ${status}: it does not accept these credentials`,
        cure: 'set OTEL_EXPORTER_OTLP_HEADERS as the collector wants it',
      },
    ];
  }
  const isWrongPlace = status === 404 || status === 405 || (status >= 300 && status < 400);
  return [
    {
      id: isWrongPlace ? 'collector-path' : 'collector-status',
      severity: isWrongPlace ? 'error' : 'warning',
      what: `${where} answers ${status} to an export`,
      cure: isWrongPlace
        ? 'OTEL_EXPORTER_OTLP_ENDPOINT is a base to which /v1/traces is added; the one for a single signal is taken as it stands'
        : 'see its log for the reason',
    },
  ];
}

function headersFrom(env: Variables, signal: string): Headers {
  const headers = new Headers();
  for (const name of ['OTEL_EXPORTER_OTLP_HEADERS', `OTEL_EXPORTER_OTLP_${signal}_HEADERS`]) {
    for (const pair of (textOf(env, name) ?? '').split(',')) {
      const equals = pair.indexOf('=');
      if (equals <= 0) continue;
      try {
        headers.set(pair.slice(0, equals).trim(), decodeURIComponent(pair.slice(equals + 1).trim()));
      } catch {
        // What cannot be sent is for the service itself to report.
      }
    }
  }
  return headers;
}

function parsed(text: string): URL | undefined {
  try {
    const url = new URL(text);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
  } catch {
    return undefined;
  }
}

function textOf(env: Variables, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}
