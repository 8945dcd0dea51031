import type { TokenSink } from './sql-text.js';

/** At most so many characters, and never half a name (semantic conventions). */
const maxSummary = 255;
const maxTargets = 20;

// What begins a statement.
const verbs = new Set(
  (
    'SELECT INSERT UPDATE DELETE MERGE REPLACE CALL EXEC EXECUTE CREATE DROP ALTER TRUNCATE BEGIN START COMMIT END ROLLBACK ABORT ' +
    'SAVEPOINT RELEASE SET RESET SHOW EXPLAIN ANALYZE VACUUM COPY LOCK UNLOCK GRANT REVOKE DECLARE FETCH MOVE CLOSE LISTEN UNLISTEN ' +
    'NOTIFY PREPARE DEALLOCATE DISCARD USE DO REFRESH VALUES TABLE REINDEX CLUSTER COMMENT CHECKPOINT DESCRIBE DESC LOAD KILL ' +
    'OPTIMIZE RENAME HANDLER XA'
  ).split(' '),
);
// What also does within one, as in a common table expression.
const inner = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE']);
// `FOR UPDATE`, `ON DELETE`, `DO UPDATE` and `ON DUPLICATE KEY UPDATE` are no operations.
const notBefore = new Set(['FOR', 'ON', 'DO', 'KEY', 'OF', 'BEFORE', 'AFTER', 'OR']);
const definitions = new Set(['CREATE', 'DROP', 'ALTER']);
const objects = new Set([
  'TABLE',
  'VIEW',
  'INDEX',
  'SEQUENCE',
  'SCHEMA',
  'DATABASE',
  'FUNCTION',
  'PROCEDURE',
  'TRIGGER',
  'TYPE',
  'EXTENSION',
  'USER',
  'ROLE',
]);
const namedObjects = new Set(['TABLE', 'VIEW', 'SEQUENCE', 'PROCEDURE', 'FUNCTION']);
const directTargets = new Set([
  'UPDATE',
  'CALL',
  'EXEC',
  'EXECUTE',
  'TRUNCATE',
  'LOCK',
  'COPY',
  'TABLE',
  'REPLACE',
]);
const introductions = new Set(['FROM', 'JOIN', 'INTO', 'USING']);
const passedOver = new Set([
  'ONLY',
  'LATERAL',
  'IF',
  'NOT',
  'EXISTS',
  'TABLE',
  'TABLES',
  'LOW_PRIORITY',
  'IGNORE',
]);
const endOfList = new Set([
  'WHERE',
  'GROUP',
  'ORDER',
  'HAVING',
  'LIMIT',
  'OFFSET',
  'SET',
  'ON',
  'RETURNING',
  'UNION',
  'VALUES',
  'FOR',
  'WINDOW',
  'FETCH',
]);

/**
 * Reads the operations and their targets out of a statement, in order: `INSERT shipping_details SELECT orders`.
 * Names are as written; they come from the statement's author, never from a value.
 * @see OpenTelemetry, "Generating a summary of the query"
 */
export class SqlSummary implements TokenSink {
  readonly #parts: string[] = [];
  readonly #operations: string[] = [];
  readonly #targets: string[] = [];
  /** For each open parenthesis, and the statement itself, whether a query stands in it. */
  readonly #isQuery: boolean[] = [false];
  #first: string | undefined;
  #previous = '';
  /** `CREATE` and its like before the word that says what. */
  #definition: string | undefined;
  #isTargetNext = false;
  /** Depth of the list of tables that goes on with a comma; -1 outside of one. */
  #listDepth = -1;
  #target: string | undefined;
  #isQualified = false;

  word(word: string): void {
    if (this.#continuesTarget(word)) return;
    const upper = word.toUpperCase();
    this.#endTarget();
    if (this.#definition !== undefined) this.#defined(word, upper);
    else if (this.#first === undefined) this.#begin(word, upper);
    else if (this.#isTargetNext && !passedOver.has(upper) && !inner.has(upper)) this.#target = word;
    else this.#within(word, upper);
    this.#previous = upper;
  }

  name(name: string): void {
    if (this.#continuesTarget(name)) return;
    this.#endTarget();
    if (this.#isTargetNext) this.#target = name;
    this.#previous = '';
  }

  mark(mark: string): void {
    if (mark === '.' && this.#target !== undefined) {
      this.#isQualified = true;
      return;
    }
    this.#endTarget();
    const depth = this.#isQuery.length;
    if (mark === ';') this.#endStatement();
    else if (mark === '(') {
      this.#isTargetNext = false;
      if (depth < 1_000) this.#isQuery.push(false);
    } else if (mark === ')') {
      if (depth > 1) this.#isQuery.pop();
      if (this.#listDepth > this.#isQuery.length) this.#listDepth = -1;
      this.#isTargetNext = false;
    } else this.#isTargetNext = mark === ',' && depth === this.#listDepth;
    this.#previous = '';
  }

  /** Ends the reading. */
  finish(): {
    readonly summary: string | undefined;
    readonly operation?: string;
    readonly collection?: string;
  } {
    this.#endTarget();
    let summary = '';
    for (const part of this.#parts) {
      if (summary.length + part.length + 1 > maxSummary) break;
      summary = summary === '' ? part : `${summary} ${part}`;
    }
    if (summary === '') return { summary: undefined };
    const [operation] = this.#operations;
    const [collection] = this.#targets;
    // With several, no single name describes the statement; the summary does.
    if (this.#operations.length !== 1 || operation === undefined) return { summary };
    return this.#targets.length === 1 && collection !== undefined
      ? { summary, operation, collection }
      : { summary, operation };
  }

  #begin(word: string, upper: string): void {
    this.#first = upper;
    if (definitions.has(upper)) this.#definition = word;
    else if (verbs.has(upper)) this.#operation(word, upper);
  }

  #within(word: string, upper: string): void {
    const isOperation =
      inner.has(upper) &&
      !notBefore.has(this.#previous) &&
      this.#first !== 'GRANT' &&
      this.#first !== 'REVOKE' &&
      this.#first !== 'CREATE';
    if (isOperation) this.#operation(word, upper);
    else if (introductions.has(upper)) this.#introduce(upper);
    else if (endOfList.has(upper)) {
      if (this.#listDepth === this.#isQuery.length) this.#listDepth = -1;
      this.#isTargetNext = false;
    }
  }

  #introduce(upper: string): void {
    // `EXTRACT(year FROM t)` and `IS DISTINCT FROM` name no table.
    if (this.#isQuery[this.#isQuery.length - 1] !== true || this.#previous === 'DISTINCT') return;
    if (upper === 'USING' && this.#first !== 'DELETE' && this.#first !== 'MERGE') return;
    this.#isTargetNext = true;
    if (upper !== 'INTO' && upper !== 'USING') this.#listDepth = this.#isQuery.length;
  }

  #defined(word: string, upper: string): void {
    if (!objects.has(upper)) return;
    this.#operation(`${this.#definition} ${word}`, '');
    this.#definition = undefined;
    this.#isTargetNext = namedObjects.has(upper);
  }

  #operation(operation: string, upper: string): void {
    this.#operations.push(operation);
    if (this.#operations.length <= maxTargets) this.#parts.push(operation);
    this.#isQuery[this.#isQuery.length - 1] = true;
    this.#listDepth = -1;
    this.#isTargetNext = directTargets.has(upper);
  }

  #continuesTarget(name: string): boolean {
    if (this.#target === undefined || !this.#isQualified) return false;
    this.#target += `.${name}`;
    this.#isQualified = false;
    return true;
  }

  #endTarget(): void {
    if (this.#target === undefined) return;
    if (this.#targets.length < maxTargets) {
      this.#targets.push(this.#target);
      this.#parts.push(this.#target);
    }
    this.#target = undefined;
    this.#isQualified = false;
    this.#isTargetNext = false;
  }

  #endStatement(): void {
    this.#first = undefined;
    this.#definition = undefined;
    this.#isTargetNext = false;
    this.#listDepth = -1;
    this.#isQuery.length = 1;
    this.#isQuery[0] = false;
  }
}
