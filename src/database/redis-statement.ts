import { Statement, unknownStatement } from './statement.js';

const commandName = /^[A-Za-z][A-Za-z0-9._-]{0,31}$/;
/** More arguments than this are not counted out. */
const maxShown = 8;
const maxCommands = 1_000;

/**
 * The commands that libraries send to set up and keep a connection, and applications hardly ever. ioredis sends `INFO` without a section
 * to ask whether the server is ready.
 */
const keeping = new Set(
  'ASKING AUTH CLIENT CLUSTER HELLO INFO PING QUIT READONLY READWRITE RESET SELECT SENTINEL'.split(' '),
);

/**
 * Commands of Redis by name and number of arguments: `HSET ? ? ?`. Keys are left out as well as values, as they so often are
 * session ids, addresses or tokens.
 */
export class RedisStatements {
  readonly #byName = new Map<string, (Statement | undefined)[]>();

  /** `hasMore`: there are more arguments than could be counted. */
  of(command: unknown, argumentCount: number, hasMore = false): Statement {
    if (typeof command !== 'string' || !commandName.test(command)) return unknownStatement;
    let byCount = this.#byName.get(command);
    if (byCount === undefined) {
      byCount = [];
      if (this.#byName.size < maxCommands) this.#byName.set(command, byCount);
    }
    const isCut = hasMore || argumentCount > maxShown;
    const count = Math.min(argumentCount, maxShown);
    const at = isCut ? maxShown + 1 + count : count;
    let statement = byCount[at];
    if (statement === undefined) {
      statement = statementOf(command.toUpperCase(), count, isCut);
      byCount[at] = statement;
    }
    return statement;
  }
}

function statementOf(name: string, count: number, isCut: boolean): Statement {
  const shown = ' ?'.repeat(count) + (isCut ? ' …' : '');
  const isHousekeeping = keeping.has(name) && (name !== 'INFO' || (count === 0 && !isCut));
  return new Statement({ text: `${name}${shown}`, operation: name, isHousekeeping });
}

/** Of several commands that went as one. */
export function batchStatement(mode: 'MULTI' | 'PIPELINE'): Statement {
  return mode === 'MULTI' ? multi : pipeline;
}

const multi = new Statement({ operation: 'MULTI' });
const pipeline = new Statement({ operation: 'PIPELINE' });
