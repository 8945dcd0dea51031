/** A span or a log line between reading and keeping; one object for all of them. */
export class Draft {
  start = 0;
  duration = 0;
  trace0 = 0;
  trace1 = 0;
  trace2 = 0;
  trace3 = 0;
  span0 = 0;
  span1 = 0;
  parent0 = 0;
  parent1 = 0;
  name = 0;
  route = 0;
  resource = 0;
  scope = 0;
  http = 0;
  kind = 0;
  flags = 0;
  /** Pairs of places in the bytes received: what is kept as it is. */
  readonly run: number[] = new Array(64).fill(0);
  /** How many of those are in use. */
  runs = 0;

  clear(): void {
    this.start = 0;
    this.duration = 0;
    this.trace0 = 0;
    this.trace1 = 0;
    this.trace2 = 0;
    this.trace3 = 0;
    this.span0 = 0;
    this.span1 = 0;
    this.parent0 = 0;
    this.parent1 = 0;
    this.name = 0;
    this.route = 0;
    this.http = 0;
    this.kind = 0;
    this.flags = 0;
    this.runs = 0;
  }

  /** Keeps these bytes; joined to those before where they follow one another. */
  keep(start: number, end: number): void {
    if (this.runs > 0 && this.run[this.runs - 1] === start) {
      this.run[this.runs - 1] = end;
      return;
    }
    this.run[this.runs] = start;
    this.run[this.runs + 1] = end;
    this.runs += 2;
  }
}

/** The kinds of spans, as OTLP counts them. */
export const SERVER = 2;
export const CLIENT = 3;
export const PRODUCER = 4;
export const CONSUMER = 5;
export const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;

/** In {@link Draft.kind} of a span: the kind in the low bits, and whether it failed. */
export const FAILED = 0x10;
export const OK = 0x20;

export const kindOf = (kind: number): number => kind & 0x7;

/**
 * Whether a span is a failure of what it asked or answered, as the golden signals count them. The status of a call is an error from 400 up by
 * the conventions of OpenTelemetry, but 4xx is the caller's error.
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#status
 */
export function isFailure(kind: number, http: number): boolean {
  return http >= 500 || ((kind & FAILED) !== 0 && !(kindOf(kind) === CLIENT && http >= 400));
}
