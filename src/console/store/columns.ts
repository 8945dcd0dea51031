/** So many bytes a row takes in the columns, besides what is kept of the item itself. */
const rowBytes = 74;

/**
 * What is asked for most of so many spans or log lines, column by column: no object a row, and nothing for the garbage collector to look at.
 * All columns lie in one buffer.
 */
export class Columns {
  readonly capacity: number;
  /** Nanoseconds since the store began; exact for a hundred days either way. Of a log line, its time. */
  readonly start: Float64Array;
  /** Nanoseconds. Of a log line, 0. */
  readonly duration: Float64Array;
  /** Four 32-bit words each. */
  readonly trace: Uint32Array;
  /** Two words each. */
  readonly span: Uint32Array;
  readonly parent: Uint32Array;
  /** Interned; of a log line, its template. */
  readonly name: Uint32Array;
  /** Interned: the route of a server's span; of a client's, what it calls. */
  readonly route: Uint32Array;
  /** Where the rest of the item begins in the slab. */
  readonly offset: Uint32Array;
  readonly resource: Uint16Array;
  readonly scope: Uint16Array;
  /** The status of HTTP, 0 for none. */
  readonly http: Uint16Array;
  /** Row + 1 of the next older one of the same trace, 0 for none. */
  readonly next: Uint16Array;
  /** Kind and state of a span; the severity of a log line. */
  readonly kind: Uint8Array;
  readonly flags: Uint8Array;

  constructor(capacity: number) {
    this.capacity = capacity;
    const buffer = new ArrayBuffer(capacity * rowBytes);
    let at = 0;
    const take = (bytes: number) => {
      const from = at;
      at += capacity * bytes;
      return from;
    };
    this.start = new Float64Array(buffer, take(8), capacity);
    this.duration = new Float64Array(buffer, take(8), capacity);
    this.trace = new Uint32Array(buffer, take(16), 4 * capacity);
    this.span = new Uint32Array(buffer, take(8), 2 * capacity);
    this.parent = new Uint32Array(buffer, take(8), 2 * capacity);
    this.name = new Uint32Array(buffer, take(4), capacity);
    this.route = new Uint32Array(buffer, take(4), capacity);
    this.offset = new Uint32Array(buffer, take(4), capacity);
    this.resource = new Uint16Array(buffer, take(2), capacity);
    this.scope = new Uint16Array(buffer, take(2), capacity);
    this.http = new Uint16Array(buffer, take(2), capacity);
    this.next = new Uint16Array(buffer, take(2), capacity);
    this.kind = new Uint8Array(buffer, take(1), capacity);
    this.flags = new Uint8Array(buffer, take(1), capacity);
  }

  get bytes(): number {
    return this.capacity * rowBytes;
  }

  /** The first rows in columns of another capacity. */
  resized(capacity: number, rows: number): Columns {
    const other = new Columns(capacity);
    other.start.set(this.start.subarray(0, rows));
    other.duration.set(this.duration.subarray(0, rows));
    other.trace.set(this.trace.subarray(0, 4 * rows));
    other.span.set(this.span.subarray(0, 2 * rows));
    other.parent.set(this.parent.subarray(0, 2 * rows));
    other.name.set(this.name.subarray(0, rows));
    other.route.set(this.route.subarray(0, rows));
    other.offset.set(this.offset.subarray(0, rows));
    other.resource.set(this.resource.subarray(0, rows));
    other.scope.set(this.scope.subarray(0, rows));
    other.http.set(this.http.subarray(0, rows));
    other.next.set(this.next.subarray(0, rows));
    other.kind.set(this.kind.subarray(0, rows));
    other.flags.set(this.flags.subarray(0, rows));
    return other;
  }
}
