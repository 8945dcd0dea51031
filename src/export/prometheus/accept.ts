import type { Format } from './exposition.js';

interface Range {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

interface Match {
  readonly quality: number;
  /** 2 for the type itself, 1 for `type/*`, 0 for any. */
  readonly precision: number;
}

const qualityShape = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;
const maxLength = 2_000;

/**
 * The format that an Accept header prefers: OpenMetrics where it is named, in a version that is written here, and not less welcome than
 * text; text in every other case, as where it names nothing that there is. Never throws.
 * @see RFC 9110, section 12.5.1
 */
export function formatFor(accept: string | undefined): Format {
  if (accept === undefined) return 'text';
  const ranges = parse(accept);
  const openMetrics = bestOf(ranges, 'application/openmetrics-text', '1.0.0');
  if (openMetrics.precision < 2 || openMetrics.quality === 0) return 'text';
  const text = bestOf(ranges, 'text/plain', '0.0.4');
  if (openMetrics.quality !== text.quality)
    return openMetrics.quality > text.quality ? 'openmetrics' : 'text';
  return openMetrics.precision > text.precision ? 'openmetrics' : 'text';
}

/** Whether an Accept-Encoding header takes gzip. */
export function takesGzip(acceptEncoding: string | string[] | undefined): boolean {
  if (acceptEncoding === undefined) return false;
  const gzip = parse(String(acceptEncoding)).find(({ type }) => type === 'gzip' || type === 'x-gzip');
  return gzip !== undefined && gzip.quality > 0;
}

function parse(header: string): Range[] {
  const ranges: Range[] = [];
  for (const item of header.slice(0, maxLength).toLowerCase().split(',')) {
    const [type = '', ...rest] = item.split(';').map((part) => part.trim());
    const parameters = new Map<string, string>();
    for (const parameter of rest) {
      const [name = '', value = ''] = parameter.split('=');
      parameters.set(name.trim(), value.trim().replace(/^"(.*)"$/, '$1'));
    }
    const quality = parameters.get('q') ?? '1';
    if (qualityShape.test(quality)) ranges.push({ type, parameters, quality: Number(quality) });
  }
  return ranges;
}

/** A range of another version is one of another type; of two equally exact ones, the kinder counts. */
function bestOf(ranges: readonly Range[], type: string, version: string): Match {
  let best: Match = { quality: 0, precision: -1 };
  for (const range of ranges) {
    const precision = precisionOf(range, type);
    if (precision < 0 || precision < best.precision) continue;
    if ((range.parameters.get('version') ?? version) !== version) continue;
    if (precision > best.precision || range.quality > best.quality)
      best = { quality: range.quality, precision };
  }
  return best;
}

function precisionOf(range: Range, type: string): number {
  if (range.type === type) return 2;
  if (range.type === `${type.slice(0, type.indexOf('/'))}/*`) return 1;
  return range.type === '*/*' || range.type === '*' ? 0 : -1;
}
