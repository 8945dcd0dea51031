import { activeContext } from '../context/storage.js';
import type { Faults } from '../core/faults.js';
import type { DatabaseRouter } from './database-router.js';
import { ServerTable } from './server-table.js';
import { StatementCache } from './statement.js';
import { traceChannel } from './traced-channel.js';

interface QueryMessage {
  readonly query: unknown;
  readonly database: unknown;
  readonly serverAddress: unknown;
  readonly serverPort: unknown;
}

/** Subscribes to mysql2's diagnostics channels for all connections; the function returned unsubscribes. */
export function observeMysql(router: DatabaseRouter, faults: Faults): () => void {
  const servers = new ServerTable('mysql');
  const statements = new StatementCache('mysql');
  const begin = (message: QueryMessage) => {
    router.published.mysql += 1;
    const context = activeContext();
    const database = router.serviceFor(context);
    // `query` comes with its values filled in: what is remembered by its text would be of no use again.
    const statement = statements.of(message.query);
    const server = servers.find(message.serverAddress, message.serverPort, message.database);
    return { database, context, call: database?.begin(server, statement, context) };
  };
  const ways = [
    traceChannel<QueryMessage>({ name: 'mysql2:query', begin, isContextLost: true }, faults),
    traceChannel<QueryMessage>({ name: 'mysql2:execute', begin, isContextLost: true }, faults),
    // A pooled connection arrives in the context of the caller that released it: queries would become children of the wrong span.
    traceChannel<object>(
      {
        name: 'mysql2:pool:connect',
        begin: () => ({ database: undefined, call: undefined, context: activeContext() }),
        isContextLost: true,
      },
      faults,
    ),
  ];
  return () => {
    for (const leave of ways) leave();
  };
}
