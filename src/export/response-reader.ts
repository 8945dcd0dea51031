/** The head of a response. Names are in lower case; the values of one that came more than once are joined by commas. */
export interface ResponseHead {
  readonly statusCode: number;
  readonly headers: ReadonlyMap<string, string>;
}

/** What arrived is no HTTP/1 response, or one whose end cannot be told. */
export class NotHttpError extends Error {
  override readonly name = 'NotHttpError';

  constructor() {
    super('what answers there does not speak HTTP/1.1');
  }
}

/** What is read next. */
type Part =
  | 'status-line'
  | 'field'
  | 'body'
  | 'body-to-the-end'
  | 'chunk-size'
  | 'chunk'
  | 'chunk-end'
  | 'trailer'
  | 'nothing';

// As much as Node takes of a head; trailers count.
const maxHeadBytes = 16_384;
const versionPrefix = 'HTTP/1.';
const statusLine = /^HTTP\/1\.(\d) (\d{3})(?: .*)?$/;
const field = /^([\w!#$%&'*+.^`|~-]+):[ \t]*(.*?)[ \t]*$/;
const chunkSize = /^([\da-f]{1,12})[ \t]*(?:;.*)?$/i;
const lineEnd = '\r\n';

/**
 * Reads the response to one POST, in whatever pieces it arrives; interim responses (1xx) are passed over. Throws
 * {@link NotHttpError} at what it may not be, and at a head of more than 16 KiB.
 * @see RFC 9112, "Message Body Length" and "Chunked Transfer Coding"
 */
export class ResponseReader {
  /** Undefined until it was read. */
  head: ResponseHead | undefined;
  /** Of the body, without its coding. */
  bodyBytes = 0;
  #next: Part = 'status-line';
  #unread: Buffer = Buffer.alloc(0);
  #headBytes = 0;
  #minorVersion = '';
  #statusCode = 0;
  #headers = new Map<string, string>();
  readonly #body: Buffer[] = [];
  /** Of the body, or of its chunk. */
  #leftBytes = 0;
  #hasEnd = true;

  push(bytes: Buffer): void {
    this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
    while (!this.isComplete && this.#read());
  }

  /** The other side has closed in good order: that ends a response which does not say how long it is. */
  close(): void {
    if (this.#next === 'body-to-the-end') this.#next = 'nothing';
  }

  get isComplete(): boolean {
    return this.#next === 'nothing';
  }

  /** True where the connection may carry another exchange. */
  get isConnectionKept(): boolean {
    if (!this.isComplete || !this.#hasEnd || this.#unread.length > 0 || this.#minorVersion === '0')
      return false;
    return !/(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(this.#headers.get('connection') ?? '');
  }

  get body(): Buffer {
    return Buffer.concat(this.#body);
  }

  /** Reads a part; false where it has not arrived in full. */
  #read(): boolean {
    switch (this.#next) {
      case 'body':
        return this.#readData('nothing');
      case 'body-to-the-end':
        return this.#readData('body-to-the-end');
      case 'chunk':
        return this.#readData('chunk-end');
      default:
        return this.#readLine();
    }
  }

  #readData(next: Part): boolean {
    const data = this.#unread.subarray(0, this.#leftBytes);
    this.#unread = this.#unread.subarray(data.length);
    this.#leftBytes -= data.length;
    this.bodyBytes += data.length;
    this.#body.push(data);
    if (this.#leftBytes > 0) return false;
    this.#next = next;
    return true;
  }

  #readLine(): boolean {
    const end = this.#unread.indexOf(lineEnd);
    const bytes = end < 0 ? this.#unread.length : end;
    if (this.#headBytes + bytes > maxHeadBytes) throw new NotHttpError();
    if (end < 0) {
      // Something else may wait for an answer of ours before it ends its first line.
      if (this.#next === 'status-line' && !isBegun(this.#unread)) throw new NotHttpError();
      return false;
    }
    const line = this.#unread.toString('latin1', 0, end);
    this.#unread = this.#unread.subarray(end + lineEnd.length);
    this.#headBytes += bytes + lineEnd.length;
    this.#takeLine(line);
    return true;
  }

  #takeLine(line: string): void {
    switch (this.#next) {
      case 'status-line':
        this.#takeStatusLine(line);
        break;
      case 'field':
        if (line === '') this.#endHead();
        else this.#takeField(line);
        break;
      case 'chunk-size':
        this.#takeChunkSize(line);
        break;
      case 'chunk-end':
        if (line !== '') throw new NotHttpError();
        this.#next = 'chunk-size';
        break;
      default:
        // A trailer says nothing that is asked for here.
        if (line === '') this.#next = 'nothing';
    }
  }

  #takeStatusLine(line: string): void {
    const [, minorVersion = '', statusCode = '0'] = statusLine.exec(line) ?? [];
    this.#minorVersion = minorVersion;
    this.#statusCode = Number(statusCode);
    // Nobody has asked to switch protocols (101).
    if (this.#statusCode < 100 || this.#statusCode === 101) throw new NotHttpError();
    this.#next = 'field';
  }

  #takeField(line: string): void {
    const [, name, value = ''] = field.exec(line) ?? [];
    if (name === undefined) throw new NotHttpError();
    const key = name.toLowerCase();
    const before = this.#headers.get(key);
    this.#headers.set(key, before === undefined ? value : `${before}, ${value}`);
  }

  #endHead(): void {
    if (this.#statusCode < 200) {
      this.#headers = new Map();
      this.#next = 'status-line';
      return;
    }
    this.#next = this.#bodyPart();
    this.head = { statusCode: this.#statusCode, headers: this.#headers };
  }

  #bodyPart(): Part {
    const coding = this.#headers.get('transfer-encoding');
    const length = this.#headers.get('content-length');
    if (this.#statusCode === 204 || this.#statusCode === 304) return 'nothing';
    if (coding !== undefined) {
      // There is no other that was not asked for, and with a length beside it nobody knows which of the two counts.
      if (coding.toLowerCase() !== 'chunked' || length !== undefined) throw new NotHttpError();
      this.#headBytes = 0;
      return 'chunk-size';
    }
    if (length === undefined) {
      this.#hasEnd = false;
      this.#leftBytes = Number.POSITIVE_INFINITY;
      return 'body-to-the-end';
    }
    if (!/^\d{1,15}$/.test(length)) throw new NotHttpError();
    this.#leftBytes = Number(length);
    return this.#leftBytes === 0 ? 'nothing' : 'body';
  }

  #takeChunkSize(line: string): void {
    const [, digits] = chunkSize.exec(line) ?? [];
    if (digits === undefined) throw new NotHttpError();
    this.#headBytes = 0;
    this.#leftBytes = Number.parseInt(digits, 16);
    this.#next = this.#leftBytes === 0 ? 'trailer' : 'chunk';
  }
}

function isBegun(bytes: Buffer): boolean {
  const begin = bytes.toString('latin1', 0, versionPrefix.length);
  return versionPrefix.startsWith(begin);
}
