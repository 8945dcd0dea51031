import { type DatabaseServer, operationAttributes } from '../metrics/database-red.js';
import { SharedAttributes } from '../trace/shared-attributes.js';
import { SqlSummary } from './sql-summary.js';
import { type Dialect, sanitizeSql } from './sql-text.js';

interface StatementParts {
  readonly text?: string | undefined;
  /** Names the class of statements: operations and their targets. */
  readonly summary?: string | undefined;
  /** Where there is only one. */
  readonly operation?: string | undefined;
  readonly collection?: string | undefined;
  /** True for commands that a library sends on its own to set up and keep connections. */
  readonly isHousekeeping?: boolean;
}

/** The attributes and the span name of a statement or command, without any value. */
export class Statement implements StatementParts {
  readonly text: string | undefined;
  readonly summary: string | undefined;
  readonly operation: string | undefined;
  readonly collection: string | undefined;
  readonly isHousekeeping: boolean;
  #server: DatabaseServer | undefined;
  #attributes: SharedAttributes | undefined;

  constructor({ text, summary, operation, collection, isHousekeeping = false }: StatementParts) {
    this.text = text;
    this.summary = summary;
    this.operation = operation;
    this.collection = collection;
    this.isHousekeeping = isHousekeeping;
    this.#server = undefined;
    this.#attributes = undefined;
  }

  /** The attributes of its spans on success, shared by all of them, as nearly every statement goes to one server. */
  attributesOn(server: DatabaseServer): SharedAttributes {
    if (this.#attributes === undefined || this.#server !== server) {
      const { summary, operation, collection } = this;
      const attributes = operationAttributes({
        server,
        summary,
        operation,
        collection,
        errorType: undefined,
        statusCode: undefined,
      });
      if (this.text !== undefined) attributes['db.query.text'] = this.text;
      this.#server = server;
      this.#attributes = new SharedAttributes(attributes);
    }
    return this.#attributes;
  }
}

/** For a statement whose text is unknown. */
export const unknownStatement = new Statement({});

const maxEntries = 500;
const maxKeyLength = 2_048;
const headLength = 8_193;

/**
 * Statements by their text. Those in use stay: when 500 have come together, the ones that were not asked for since the last time
 * are forgotten.
 */
export class StatementCache {
  readonly #dialect: Dialect;
  #young = new Map<string, Statement>();
  #old = new Map<string, Statement>();

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** Never throws. */
  of(sql: unknown): Statement {
    if (typeof sql !== 'string') return unknownStatement;
    const known = this.#young.get(sql);
    if (known !== undefined) return known;
    if (sql.length > maxKeyLength) return this.#read(copyOf(sql));
    const statement = this.#old.get(sql) ?? this.#read(sql);
    if (this.#young.size >= maxEntries) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(sql, statement);
    return statement;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  #read(sql: string): Statement {
    const { text, sink } = sanitizeSql(sql, this.#dialect, () => new SqlSummary());
    return new Statement({ text, ...sink.finish() });
  }
}

/** The beginning of a long text, as a string of its own: a slice would keep all of it in memory. */
function copyOf(sql: string): string {
  return Buffer.from(sql.slice(0, headLength), 'utf16le').toString('utf16le');
}
