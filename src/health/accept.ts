/** The three forms a probe's answer can have. */
export type ProbeFormat = 'health+json' | 'json' | 'text';

interface Range {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
}

interface Match {
  readonly quality: number;
  /** 2 for the type itself, 1 for `type/*`, 0 for any. */
  readonly precision: number;
}

const qualityShape = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/**
 * What the Accept header prefers, by quality, then by how exactly it names it, then JSON before text. `application/health+json` has to be
 * named; a header that excludes everything gets JSON all the same. Never throws.
 * @see RFC 9110, section 12.5.1
 */
export function negotiate(accept: string | undefined): ProbeFormat {
  if (accept === undefined || accept === '' || accept === '*/*') return 'json';
  const ranges = parse(accept);
  const health = bestMatch(ranges, 'application', 'health+json');
  let best: ProbeFormat = 'json';
  let bestMatchSoFar = bestMatch(ranges, 'application', 'json');
  if (health.precision === 2 && health.quality > 0 && !isBetter(bestMatchSoFar, health)) {
    best = 'health+json';
    bestMatchSoFar = health;
  }
  return isBetter(bestMatch(ranges, 'text', 'plain'), bestMatchSoFar) ? 'text' : best;
}

function isBetter(a: Match, b: Match): boolean {
  return a.quality > b.quality || (a.quality > 0 && a.quality === b.quality && a.precision > b.precision);
}

function parse(accept: string): Range[] {
  const ranges: Range[] = [];
  for (const item of accept.toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim());
    const [type = '', subtype = ''] = name.split('/');
    const given = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
    if (qualityShape.test(given)) ranges.push({ type, subtype, quality: Number(given) });
  }
  return ranges;
}

// The most exact range decides about a type, even if it says 0; of two equally exact ones the kinder.
function bestMatch(ranges: readonly Range[], type: string, subtype: string): Match {
  let best: Match = { quality: 0, precision: -1 };
  for (const range of ranges) {
    const precision = precisionOf(range, type, subtype);
    if (precision < 0 || precision < best.precision) continue;
    if (precision > best.precision || range.quality > best.quality)
      best = { quality: range.quality, precision };
  }
  return best;
}

function precisionOf(range: Range, type: string, subtype: string): number {
  if (range.type === type) {
    if (range.subtype === subtype) return 2;
    return range.subtype === '*' ? 1 : -1;
  }
  return range.type === '*' && range.subtype === '*' ? 0 : -1;
}
