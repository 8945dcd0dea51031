import { Statement, unknownStatement } from './statement.js';

const commandName = /^[A-Za-z][A-Za-z0-9._-]{0,31}$/;
/** More arguments than this are not counted out. */
const maxShown = 8;
const maxCommands = 1_000;

/**
 * Commands of Redis by name and number of arguments: `HSET ? ? ?`. Keys are left out as well as values, as they so often are
 * session ids, addresses or tokens.
 */
export class RedisStatements {
  readonly #byName = new Map<string, (Statement | undefined)[]>();

  of(command: unknown, argumentCount: number): Statement {
    if (typeof command !== 'string' || !commandName.test(command)) return unknownStatement;
    let byCount = this.#byName.get(command);
    if (byCount === undefined) {
      byCount = [];
      if (this.#byName.size < maxCommands) this.#byName.set(command, byCount);
    }
    const count = Math.min(argumentCount, maxShown + 1);
    let statement = byCount[count];
    if (statement === undefined) {
      statement = statementOf(command.toUpperCase(), count);
      byCount[count] = statement;
    }
    return statement;
  }
}

function statementOf(name: string, count: number): Statement {
  const shown = ' ?'.repeat(Math.min(count, maxShown)) + (count > maxShown ? ' …' : '');
  return new Statement({ text: `${name}${shown}`, operation: name });
}

/** Of several commands that went as one. */
export function batchStatement(mode: 'MULTI' | 'PIPELINE'): Statement {
  return mode === 'MULTI' ? multi : pipeline;
}

const multi = new Statement({ operation: 'MULTI' });
const pipeline = new Statement({ operation: 'PIPELINE' });
