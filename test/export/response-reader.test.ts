import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NotHttpError, ResponseReader } from '../../src/export/response-reader.js';

/** Reads a response that arrives in pieces of these sizes, over and over. */
function read(text: string | Buffer, sizes: readonly number[] = [65_536]): ResponseReader {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
  const reader = new ResponseReader();
  let at = 0;
  for (let piece = 0; at < bytes.length; piece += 1) {
    const size = sizes[piece % sizes.length] as number;
    reader.push(bytes.subarray(at, at + size));
    at += size;
  }
  return reader;
}

const headOf = (...fields: string[]) => `HTTP/1.1 200 OK\r\n${fields.map((f) => `${f}\r\n`).join('')}\r\n`;

const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
const body = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const chunks = fc.array(
  fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  { maxLength: 6 },
);

describe('a response', () => {
  test('of a given length is read from any pieces', () => {
    fc.assert(
      fc.property(body, pieces, fc.integer({ min: 200, max: 599 }), (content, sizes, status) => {
        fc.pre(status !== 204 && status !== 304);
        const head = `HTTP/1.1 ${status} Any Thing\r\nContent-Length:${content.length}\r\nX-A:  b \t\r\n\r\n`;
        const reader = read(Buffer.concat([Buffer.from(head), content]), sizes);
        expect(reader.isComplete).toBe(true);
        expect(reader.head?.statusCode).toBe(status);
        expect(reader.head?.headers.get('x-a')).toBe('b');
        expect(reader.body).toEqual(content);
        expect(reader.bodyBytes).toBe(content.length);
        expect(reader.isConnectionKept).toBe(true);
      }),
    );
  });

  test('in chunks is read from any pieces, and its trailers passed over', () => {
    fc.assert(
      fc.property(chunks, pieces, fc.boolean(), (given, sizes, hasMore) => {
        const more = hasMore ? ';a=b' : '';
        const coded = given.flatMap((chunk) => [
          Buffer.from(`${chunk.length.toString(16)}${more}\r\n`),
          chunk,
          Buffer.from('\r\n'),
        ]);
        const end = Buffer.from(`0\r\n${hasMore ? 'x-trailer: y\r\n' : ''}\r\n`);
        const head = Buffer.from(headOf('Transfer-Encoding: chunked'));
        const reader = read(Buffer.concat([head, ...coded, end]), sizes);
        expect(reader.isComplete).toBe(true);
        expect(reader.body).toEqual(Buffer.concat(given));
        expect(reader.isConnectionKept).toBe(true);
      }),
    );
  });

  test('of no given length goes on until the connection is closed', () => {
    fc.assert(
      fc.property(body, pieces, (content, sizes) => {
        const reader = read(Buffer.concat([Buffer.from(headOf('X-A: b')), content]), sizes);
        expect(reader.isComplete).toBe(false);
        reader.close();
        expect(reader.isComplete).toBe(true);
        expect(reader.body).toEqual(content);
        expect(reader.isConnectionKept).toBe(false);
      }),
    );
  });

  test('of any other kind is not complete where the connection is closed too early', () => {
    for (const text of [
      '',
      'HTTP/1.1 200',
      'HTTP/1.1 200 OK\r\nx: y\r\n',
      `${headOf('Content-Length: 2')}x`,
    ]) {
      const reader = read(text);
      reader.close();
      expect(reader.isComplete).toBe(false);
    }
    const inChunk = read(`${headOf('Transfer-Encoding: chunked')}3\r\nabc\r\n`);
    inChunk.close();
    expect(inChunk.isComplete).toBe(false);
  });

  test.each([204, 304])('of %d has no body, whatever it says', (status) => {
    const reader = read(`HTTP/1.1 ${status} No\r\nContent-Length: 5\r\n\r\n`);
    expect(reader.isComplete).toBe(true);
    expect(reader.isConnectionKept).toBe(true);
  });

  test('that comes after interim ones is the one that counts', () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nContent-Length: 7\r\nLink: x\r\n\r\n';
    const reader = read(`HTTP/1.1 100 Continue\r\n\r\n${early}${headOf('Content-Length: 1')}x`, [3]);
    expect(reader.head?.statusCode).toBe(200);
    expect(reader.head?.headers.has('link')).toBe(false);
    expect(reader.body.toString()).toBe('x');
  });

  test('may have no reason, and a field more than once', () => {
    const reader = read('HTTP/1.1 503\r\nA: 1\r\na: 2\r\nEmpty:\r\ncontent-length: 0\r\n\r\n');
    expect(reader.head?.statusCode).toBe(503);
    expect(reader.head?.headers.get('a')).toBe('1, 2');
    expect(reader.head?.headers.get('empty')).toBe('');
  });
});

describe('a connection is not kept', () => {
  test.each([
    ['where the collector closes it', headOf('Content-Length: 0', 'Connection: Close')],
    ['where it says so among other things', headOf('Content-Length: 0', 'Connection: x , close')],
    ['with HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['where more comes than was asked for', `${headOf('Content-Length: 1')}xHTTP`],
    ['before the response is complete', headOf('Content-Length: 1')],
  ])('%s', (_when, text) => {
    expect(read(text).isConnectionKept).toBe(false);
  });

  test('but it is with a word that only looks like it', () => {
    expect(read(headOf('Content-Length: 0', 'Connection: closely')).isConnectionKept).toBe(true);
  });
});

describe('what is no response', () => {
  test.each([
    ['another protocol', 'SSH-2.0-x\r\n'],
    ['another protocol that waits for us', '220'],
    ['a request', 'POST / HTTP/1.1\r\n'],
    ['HTTP/2', 'HTTP/2 200\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n'],
    ['a status below 100', 'HTTP/1.1 099 No\r\n'],
    ['a switch of protocols', 'HTTP/1.1 101 Switching Protocols\r\n'],
    ['a field without a colon', 'HTTP/1.1 200 OK\r\nfield\r\n'],
    ['a space in front of the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 1\r\n'],
    ['a folded field', 'HTTP/1.1 200 OK\r\na: b\r\n c\r\n'],
    ['a length that is no number', headOf('Content-Length: -1')],
    ['two lengths', headOf('Content-Length: 1', 'Content-Length: 2')],
    ['a coding that was not asked for', headOf('Transfer-Encoding: gzip, chunked')],
    ['chunks with a length', headOf('Transfer-Encoding: chunked', 'Content-Length: 1')],
    ['a chunk without a size', `${headOf('Transfer-Encoding: chunked')}\r\n`],
    ['a chunk with a size that is none', `${headOf('Transfer-Encoding: chunked')}0x1\r\n`],
    ['a chunk that is longer than its size', `${headOf('Transfer-Encoding: chunked')}1\r\nab\r\n`],
  ])('is refused: %s', (_what, text) => {
    expect(() => read(text)).toThrow(NotHttpError);
    expect(() => read(text, [1])).toThrow(NotHttpError);
  });

  test('is told from a head of 16 KiB', () => {
    const filled = (bytes: number) => {
      const rest = 'HTTP/1.1 200 OK\r\nx: \r\n\r\n'.length;
      return `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(bytes - rest)}\r\n\r\n`;
    };
    expect(read(filled(16_384), [1_000]).head?.statusCode).toBe(200);
    expect(() => read(filled(16_387), [1_000])).toThrow(NotHttpError);
    expect(() => read(`HTTP/1.1 200 ${'y'.repeat(20_000)}`, [1_000])).toThrow(NotHttpError);
  });

  test('is told from trailers without an end', () => {
    const trailer = `x: ${'y'.repeat(100)}\r\n`;
    const text = `${headOf('Transfer-Encoding: chunked')}0\r\n${trailer.repeat(200)}`;
    expect(() => read(text, [1_000])).toThrow(NotHttpError);
  });

  test('never fails in any other way', () => {
    const line = fc.constantFrom(
      'HTTP/1.1 200 OK',
      'HTTP/1.0 500 x',
      'Transfer-Encoding: chunked',
      'Content-Length: 3',
      '',
      '3',
      'abc',
      '0',
      'x',
    );
    const text = fc.array(fc.oneof(line, fc.string()), { maxLength: 8 }).map((lines) => lines.join('\r\n'));
    fc.assert(
      fc.property(text, pieces, (given, sizes) => {
        try {
          read(given, sizes);
        } catch (error) {
          expect(error).toBeInstanceOf(NotHttpError);
        }
      }),
    );
  });
});
