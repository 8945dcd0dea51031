import { once } from 'node:events';
import * as net from 'node:net';
import { onTestFinished } from 'vitest';

/** A server that answers as Redis does, for what its clients ask in these tests; as an old one, it knows no HELLO and no CLIENT. */
export async function startRedisServer(): Promise<{
  readonly port: number;
  readonly asked: readonly string[];
}> {
  const asked: string[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    let rest = '';
    let queued: string[] | undefined;
    socket.on('data', (chunk) => {
      const { commands, left } = readCommands(rest + chunk);
      rest = left;
      for (const [name = '', ...args] of commands) {
        const command = name.toUpperCase();
        asked.push(command);
        if (command === 'MULTI') {
          queued = [];
          socket.write('+OK\r\n');
        } else if (command === 'EXEC') {
          socket.write(`*${queued?.length}\r\n${queued?.join('')}`);
          queued = undefined;
        } else if (queued !== undefined) {
          queued.push(answerTo(command, args));
          socket.write('+QUEUED\r\n');
        } else socket.write(answerTo(command, args));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as net.AddressInfo).port, asked };
}

function readCommands(text: string): { commands: string[][]; left: string } {
  const commands: string[][] = [];
  let left = text;
  for (;;) {
    const [head, size] = /^\*(\d+)\r\n/.exec(left) ?? [];
    if (head === undefined) return { commands, left };
    const command: string[] = [];
    let at = head.length;
    for (let index = 0; index < Number(size); index += 1) {
      const [line, length] = /^\$(\d+)\r\n/.exec(left.slice(at)) ?? [];
      if (line === undefined || left.length < at + line.length + Number(length) + 2)
        return { commands, left };
      command.push(left.slice(at + line.length, at + line.length + Number(length)));
      at += line.length + Number(length) + 2;
    }
    commands.push(command);
    left = left.slice(at);
  }
}

function answerTo(command: string, args: readonly string[]): string {
  const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
  if (command === 'GET') return bulk('value');
  if (command === 'PING') return '+PONG\r\n';
  if (command === 'INFO') return bulk('redis_version:2.8.0\r\nloading:0\r\n');
  if (command === 'LPUSH') return '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n';
  return command === 'SET' || command === 'SELECT'
    ? '+OK\r\n'
    : `-ERR unknown command '${command} ${args[0]}'\r\n`;
}
