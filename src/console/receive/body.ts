import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, gunzipSync } from 'node:zlib';
import { Refusal } from '../http/refusal.js';

const mebibyte = 1_048_576;
const maxBodyBytes = 8 * mebibyte;
const maxUnpackedBytes = 32 * mebibyte;
/** Of all requests that are being read. */
const maxReadingBytes = 64 * mebibyte;
/** A smaller body is unpacked at once: to go to another thread and back costs more. */
const smallBytes = 32_768;

const cure = 'have the sender export smaller batches (OTEL_BSP_MAX_EXPORT_BATCH_SIZE for spans)';
const tooLarge = `the body is larger than ${maxBodyBytes / mebibyte} MiB: ${cure}`;
const tooLargeUnpacked = `the body is larger than ${maxUnpackedBytes / mebibyte} MiB when it is unpacked: ${cure}`;

const gunzipLater = promisify(gunzip);

/** Reads bodies within bounds: of one, of one unpacked, and of all together. */
export class Bodies {
  #readingBytes = 0;

  /** @throws Refusal */
  async read(request: IncomingMessage): Promise<Buffer> {
    const { 'content-length': length, 'content-encoding': encoding = 'identity' } = request.headers;
    if (encoding !== 'gzip' && encoding !== 'identity' && encoding !== '')
      throw new Refusal(
        415,
        `content-encoding ${encoding.slice(0, 40)} is not understood: send gzip or none`,
      );
    if (Number(length ?? 0) > maxBodyBytes) throw new Refusal(413, tooLarge);
    const body = await this.#readAll(request);
    return encoding === 'gzip' ? unpack(body) : body;
  }

  #readAll(request: IncomingMessage): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      let isSettled = false;
      const settle = (error: Error | undefined) => {
        if (isSettled) return;
        isSettled = true;
        this.#readingBytes -= bytes;
        request.removeAllListeners('data');
        if (error === undefined) resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
        else {
          request.resume();
          reject(error);
        }
      };
      request.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        this.#readingBytes += chunk.length;
        if (bytes > maxBodyBytes) settle(new Refusal(413, tooLarge));
        else if (this.#readingBytes > maxReadingBytes)
          settle(new Refusal(429, 'too much is being sent at once: the sender may try again', 1));
      });
      request.once('end', () => settle(undefined));
      request.once('close', () => settle(new Refusal(400, 'the connection closed within the body')));
    });
  }
}

async function unpack(body: Buffer): Promise<Buffer> {
  try {
    const options = { maxOutputLength: maxUnpackedBytes };
    return body.length <= smallBytes ? gunzipSync(body, options) : await gunzipLater(body, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new Refusal(413, tooLargeUnpacked);
    throw new Refusal(400, `the body is no gzip, as its content-encoding says: ${(error as Error).message}`);
  }
}
