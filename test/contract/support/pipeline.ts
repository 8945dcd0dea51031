import * as net from 'node:net';
import { untraced } from './client.js';

export interface Piped {
  readonly status: number;
  readonly body: string;
}

/** Writes all requests to one connection at once, and reads the answers, which come in order; each has a Content-Length. */
export function pipeline(port: number, asked: readonly string[]): Promise<Piped[]> {
  return new Promise((resolve, reject) => {
    const socket = untraced(() => net.connect(port, '127.0.0.1'));
    const answers: Piped[] = [];
    let text = '';
    socket.setEncoding('latin1');
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed after ${answers.length} answers`)));
    socket.on('data', (chunk: string) => {
      text += chunk;
      try {
        for (let next = takeAnswer(text); next !== undefined; next = takeAnswer(text)) {
          answers.push(next.answer);
          text = text.slice(next.end);
        }
      } catch (error) {
        socket.destroy();
        reject(error);
        return;
      }
      if (answers.length < asked.length) return;
      socket.removeAllListeners('close');
      socket.destroy();
      resolve(answers);
    });
    socket.write(asked.map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join(''));
  });
}

function takeAnswer(text: string): { readonly answer: Piped; readonly end: number } | undefined {
  const bodyAt = text.indexOf('\r\n\r\n') + 4;
  if (bodyAt < 4) return undefined;
  const head = text.slice(0, bodyAt);
  const length = /content-length: (\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`an answer without a length: ${head}`);
  const end = bodyAt + Number(length);
  if (text.length < end) return undefined;
  return { answer: { status: Number(head.slice(9, 12)), body: text.slice(bodyAt, end) }, end };
}
