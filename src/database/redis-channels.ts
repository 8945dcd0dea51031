import { activeContext } from '../context/storage.js';
import type { Faults } from '../core/faults.js';
import type { DatabaseRouter } from './database-router.js';
import { batchStatement, RedisStatements } from './redis-statement.js';
import { ServerTable } from './server-table.js';
import type { Statement } from './statement.js';
import { traceChannel } from './traced-channel.js';

interface ServerMessage {
  readonly database: unknown;
  readonly serverAddress: unknown;
  readonly serverPort: unknown;
}

interface CommandMessage extends ServerMessage {
  readonly command: unknown;
  readonly args: readonly unknown[];
}

interface BatchMessage extends ServerMessage {
  readonly batchMode: unknown;
  readonly batchSize: number;
}

/** Subscribes to the diagnostics channels of ioredis and node-redis; the function returned unsubscribes. */
export function observeRedis(router: DatabaseRouter, faults: Faults): () => void {
  const servers = new ServerTable('redis');
  const statements = new RedisStatements();
  // The library publishes the commands of a batch while it sends the batch.
  let openBatches = 0;

  const begin = (message: ServerMessage, statement: Statement, batchSize?: number) => {
    const context = activeContext();
    const database = router.serviceFor(context);
    const server = servers.find(message.serverAddress, message.serverPort, message.database);
    return { database, context, call: database?.begin(server, statement, context, batchSize) };
  };
  // node-redis counts the name of the command as the first of its arguments.
  const command = (name: string, nameCount: number) =>
    traceChannel<CommandMessage>(
      {
        name,
        begin(message) {
          router.published.redis += 1;
          return openBatches > 0
            ? undefined
            : begin(message, statements.of(message.command, message.args.length - nameCount));
        },
      },
      faults,
    );
  const batch = (name: string) =>
    traceChannel<BatchMessage>(
      {
        name,
        begin(message) {
          router.published.redis += 1;
          openBatches += 1;
          const { batchMode, batchSize } = message;
          const statement = batchStatement(batchMode === 'MULTI' ? 'MULTI' : 'PIPELINE');
          return begin(message, statement, batchSize === 1 ? undefined : batchSize);
        },
        handedOver() {
          openBatches -= 1;
        },
      },
      faults,
    );
  const ways = [
    command('ioredis:command', 0),
    batch('ioredis:batch'),
    command('node-redis:command', 1),
    batch('node-redis:batch'),
  ];
  return () => {
    for (const leave of ways) leave();
  };
}
