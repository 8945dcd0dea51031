import { STATUS_CODES } from 'node:http';
import type { CircuitOpenError } from '../breaker/circuit-open-error.js';

/**
 * The answer that a call gets whose upstream has answered badly until its circuit opened: one of the kind that its caller knows of
 * this upstream, as a service mesh gives it. No socket is opened for it.
 */
export class OpenAnswer {
  readonly statusCode = 503;
  readonly statusText = STATUS_CODES[503] as string;
  /** Names in lower case, and values. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** For a request that nothing can be answered to. */
  readonly error: CircuitOpenError;

  constructor(error: CircuitOpenError) {
    const { upstream, retryAfterMs, message, code } = error;
    this.error = error;
    this.body = Buffer.from(JSON.stringify({ title: this.statusText, status: 503, detail: message, code }));
    this.headers = [
      ['date', new Date().toUTCString()],
      ['content-type', 'application/problem+json'],
      ['content-length', String(this.body.length)],
      // Where the time is unknown, one second.
      ['retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1_000)))],
      ['golden-signals-circuit', `open; upstream=${quoted(upstream)}`],
    ];
  }

  /** Its head as HTTP/1.1 writes it, up to the body. */
  get head(): string {
    const lines = this.headers.map(([name, value]) => `${name}: ${value}\r\n`);
    return `HTTP/1.1 ${this.statusCode} ${this.statusText}\r\n${lines.join('')}\r\n`;
  }
}

/** A quoted-string (RFC 9110, 5.6.4). The path of a Unix domain socket may hold anything: what no header can is percent-encoded. */
function quoted(text: string): string {
  const plain = text.replace(/[^\x20-\x7e]+/g, (chars) => {
    const bytes = Buffer.from(chars).toString('hex');
    return bytes.replace(/../g, '%$&');
  });
  return `"${plain.replace(/["\\]/g, '\\$&')}"`;
}
