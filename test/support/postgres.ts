import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface Postgres {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts the PostgreSQL that npm has installed, as the demo does. */
export async function startPostgres(): Promise<Postgres> {
  const file = pathToFileURL(join(__dirname, '../../examples/shop/postgres.mjs')).href;
  return ((await import(file)) as { startPostgres(): Promise<Postgres> }).startPostgres();
}
