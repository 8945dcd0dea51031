/** The dialect, which defines where a literal ends. */
export type Dialect = 'postgresql' | 'mysql';

/** Takes the words, names and punctuation of a statement, one after the other. */
export interface TokenSink {
  /** A bare word: a keyword or a name. */
  word(word: string): void;
  /** A name in quotes, quotes included. */
  name(name: string): void;
  /** One character of punctuation; a literal or placeholder is `?`. */
  mark(mark: string): void;
}

/** At most so many characters of a statement are read: a bulk insert can have millions. */
const maxRead = 8_192;
/** At most so many characters of it are shown. */
const maxText = 2_048;
/** No database has longer names; what is longer is not shown. */
const maxName = 128;

const inList = /\b(IN|VALUES|ARRAY) ?([([]) ?(?:\?|\$\d+)(?: ?, ?(?:\?|\$\d+))+ ?([)\]])/gi;
const tuples = /(\((?:\?|\$\d+)(?: ?, ?(?:\?|\$\d+))*\))(?: ?, ?\((?:\?|\$\d+)(?: ?, ?(?:\?|\$\d+))*\))+/g;

const booleans = /^(?:true|false)$/i;

// What MySQL runs although it looks like a comment: a hint, and text for some versions of MySQL or MariaDB.
const executable = /^(?:M?!|\+)/;
// What may hide the end of one.
const unsure = /['"`#]|--|\/\*/;

/**
 * A statement without any literal: strings, numbers, booleans, hexadecimal and dollar-quoted values read `?`, comments and line
 * breaks are gone, a list of values is one value. Where the end of a string is ambiguous, the rest of the statement is left out.
 * Time is linear in what is read, at most 8,192 characters; the text has at most 2,048.
 * @see OpenTelemetry, "Sanitization of db.query.text"
 */
export function sanitizeSql<T extends TokenSink>(
  sql: string,
  dialect: Dialect,
  createSink: () => T,
): { readonly text: string; readonly sink: T } {
  let sink = createSink();
  const scanner = new Scanner(sql, dialect, sink, maxRead);
  let text = scanner.run();
  if (scanner.isUnbalanced) {
    // One quote is missing, and it can be any of them: all that follows the first one may stand in a literal.
    sink = createSink();
    const before = new Scanner(sql, dialect, sink, scanner.firstQuote);
    const gap = /\s/.test(sql.charAt(scanner.firstQuote - 1)) ? ' ' : '';
    text = `${before.run().slice(0, -1)}${gap}?…`;
  }
  return { text: text.replace(inList, '$1 $2?$3').replace(tuples, '$1'), sink };
}

class Scanner {
  readonly #sql: string;
  readonly #end: number;
  readonly #isMysql: boolean;
  readonly #sink: TokenSink;
  readonly #parts: string[] = [];
  #length = 0;
  #at = 0;
  #isSpaced = false;
  #isCut: boolean;
  #lastWord = '';
  /** True where the statement ends within a literal or a name. */
  isUnbalanced = false;
  /** Where the first of those begins. */
  firstQuote = -1;

  constructor(sql: string, dialect: Dialect, sink: TokenSink, end: number) {
    this.#sql = sql;
    this.#end = Math.min(sql.length, end);
    this.#isCut = sql.length > end;
    this.#isMysql = dialect === 'mysql';
    this.#sink = sink;
  }

  run(): string {
    while (this.#at < this.#end && this.#length < maxText) this.#next();
    if (this.#at < this.#end || this.#isCut) this.#parts.push('…');
    // Joined, so that no part of it keeps the whole statement in memory.
    return this.#parts.join('');
  }

  #next(): void {
    const sql = this.#sql;
    const code = sql.charCodeAt(this.#at);
    const following = sql.charCodeAt(this.#at + 1);
    if (code <= SPACE) {
      this.#at += 1;
      this.#isSpaced = true;
    } else if (isComment(code, following, sql.charCodeAt(this.#at + 2), this.#isMysql)) this.#lineComment();
    else if (code === SLASH && following === STAR) this.#blockComment();
    else if (code === QUOTE) this.#string(QUOTE, false);
    else if (code === DOUBLE) this.#isMysql ? this.#string(DOUBLE, false) : this.#quotedName(DOUBLE);
    else if (code === BACKTICK && this.#isMysql) this.#quotedName(BACKTICK);
    else if (isDigit(code) || (code === DOT && isDigit(following) && !this.#isAfterName())) this.#number();
    else if (code === DOLLAR && !this.#isMysql) this.#dollar(following);
    else if (isWordCode(code)) this.#word();
    else {
      this.#at += 1;
      this.#mark(sql[this.#at - 1] as string);
    }
  }

  #emit(part: string): void {
    if (this.#isSpaced && this.#length > 0) {
      this.#parts.push(' ');
      this.#length += 1;
    }
    this.#isSpaced = false;
    this.#parts.push(part);
    this.#length += part.length;
  }

  #mark(mark: string): void {
    this.#lastWord = '';
    this.#emit(mark);
    this.#sink.mark(mark);
  }

  #isAfterName(): boolean {
    const before = this.#sql.charCodeAt(this.#at - 1);
    return isWordCode(before) || before === DOUBLE || before === BACKTICK;
  }

  /** Drops the rest of the statement: it may be part of a literal. */
  #giveUp(): void {
    this.#at = this.#end;
    this.#isCut = true;
  }

  /** Continues after a closing quote; `at` is -1 without one. */
  #closed(at: number): void {
    if (at < 0 || at >= this.#end) {
      // A text that was cut ends anywhere.
      this.isUnbalanced = !this.#isCut;
      this.#giveUp();
      return;
    }
    this.#at = at + 1;
    // In 'it's', the quote that seems to end the string is one that its author forgot to double.
    if (isWordCode(this.#sql.charCodeAt(this.#at))) this.#giveUp();
  }

  #lineComment(): void {
    let at = this.#at;
    for (; at < this.#end; at += 1) {
      const code = this.#sql.charCodeAt(at);
      if (code === LINE_FEED || (code === RETURN && !this.#isMysql)) break;
    }
    this.#at = at;
    this.#isSpaced = true;
  }

  #blockComment(): void {
    const sql = this.#sql;
    if (this.#isMysql && executable.test(sql.slice(this.#at + 2, this.#at + 5))) {
      const end = sql.indexOf('*/', this.#at);
      // MySQL runs what stands in it: a quote or a comment there can hide its end.
      if (end < 0 || unsure.test(sql.slice(this.#at + 2, end))) {
        this.#giveUp();
        return;
      }
    }
    let depth = 0;
    while (this.#at < this.#end) {
      const code = sql.charCodeAt(this.#at);
      const following = sql.charCodeAt(this.#at + 1);
      // PostgreSQL nests them, MySQL does not.
      if (code === SLASH && following === STAR && (depth === 0 || !this.#isMysql)) {
        depth += 1;
        this.#at += 2;
      } else if (code === STAR && following === SLASH) {
        depth -= 1;
        this.#at += 2;
        if (depth === 0) break;
      } else this.#at += 1;
    }
    this.#isSpaced = true;
  }

  #string(quote: number, hasEscapes: boolean): void {
    const sql = this.#sql;
    const start = this.#at + 1;
    // `ESCAPE '\'` is one character with every setting that takes it.
    const isEscapeClause = this.#lastWord === 'ESCAPE' && !this.#isMysql;
    this.#opened(this.#at);
    this.#mark('?');
    let at = start;
    for (; at < this.#end; at += 1) {
      const code = sql.charCodeAt(at);
      if (code === BACKSLASH) {
        const before = at;
        while (sql.charCodeAt(at + 1) === BACKSLASH) at += 1;
        // Of an even number, each is another one's, or each is itself: the string goes on with what follows.
        if ((at - before) % 2 === 1 || sql.charCodeAt(at + 1) !== quote) continue;
        if (hasEscapes) at += 1;
        else if (!isEscapeClause || before > start || sql.charCodeAt(at + 2) === quote) {
          // Whether this quote ends the string depends on a setting of the server (NO_BACKSLASH_ESCAPES, standard_conforming_strings).
          this.#giveUp();
          return;
        }
      } else if (code === quote) {
        if (sql.charCodeAt(at + 1) !== quote) break;
        at += 1;
      }
    }
    this.#closed(at);
  }

  #opened(at: number): void {
    if (this.firstQuote < 0) this.firstQuote = at;
  }

  #quotedName(quote: number): void {
    const sql = this.#sql;
    const start = this.#at;
    this.#opened(this.#at);
    let at = start + 1;
    for (; at < this.#end; at += 1) {
      if (sql.charCodeAt(at) !== quote) continue;
      if (sql.charCodeAt(at + 1) !== quote) break;
      at += 1;
    }
    if (at >= this.#end || at - start > maxName) {
      this.#mark('?');
      this.#closed(at);
      return;
    }
    this.#at = at + 1;
    const name = sql.slice(start, this.#at);
    this.#emit(name);
    this.#sink.name(name);
  }

  #number(): void {
    const sql = this.#sql;
    let at = this.#at;
    for (; at < this.#end; at += 1) {
      const code = sql.charCodeAt(at);
      // PostgreSQL begins a dollar-quoted string there.
      if (code === DOLLAR && !this.#isMysql) break;
      if (isWordCode(code) || code === DOT) continue;
      const isExponent = (code === PLUS || code === MINUS) && (sql.charCodeAt(at - 1) | 0x20) === LETTER_E;
      if (!isExponent || !isDigit(sql.charCodeAt(at + 1))) break;
    }
    this.#at = at;
    this.#mark('?');
  }

  #dollar(following: number): void {
    const sql = this.#sql;
    let at = this.#at + 1;
    if (isDigit(following)) {
      while (at < this.#end && isDigit(sql.charCodeAt(at))) at += 1;
      // The number of a parameter has few digits.
      const isParameter = at - this.#at <= 6 && !isWordCode(sql.charCodeAt(at));
      const parameter = sql.slice(this.#at, at);
      this.#at = at;
      if (!isParameter) {
        this.#mark('?');
        return;
      }
      this.#emit(parameter);
      this.#sink.mark('?');
      return;
    }
    while (at < this.#end && isWordCode(sql.charCodeAt(at)) && sql.charCodeAt(at) !== DOLLAR) at += 1;
    if (sql.charCodeAt(at) !== DOLLAR) {
      this.#at += 1;
      this.#mark('$');
      return;
    }
    const tag = sql.slice(this.#at, at + 1);
    this.#opened(this.#at);
    const end = sql.indexOf(tag, at + 1);
    this.#mark('?');
    this.#closed(end < 0 ? -1 : end + tag.length - 1);
  }

  #word(): void {
    const sql = this.#sql;
    const start = this.#at;
    let at = start + 1;
    while (at < this.#end && isWordCode(sql.charCodeAt(at))) at += 1;
    this.#at = at;
    const length = at - start;
    if (sql.charCodeAt(at) === QUOTE && length === 1) {
      // E'', B'', X'' and N'': the letter belongs to the string.
      this.#opened(start);
      this.#string(QUOTE, !this.#isMysql && (sql.charCodeAt(start) | 0x20) === LETTER_E);
      return;
    }
    const word = length > maxName ? '?' : sql.slice(start, at);
    if (word === '?' || booleans.test(word)) {
      this.#mark('?');
      return;
    }
    this.#emit(word);
    this.#sink.word(word);
    this.#lastWord = word.toUpperCase();
  }
}

const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const DOUBLE = 0x22;
const HASH = 0x23;
const DOLLAR = 0x24;
const QUOTE = 0x27;
const STAR = 0x2a;
const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const BACKTICK = 0x60;
const LETTER_E = 0x65;
const DELETE = 0x7f;

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** What a name may go on with; past ASCII every character counts, as in both databases, the no-break space among them. */
function isWordCode(code: number): boolean {
  const lower = code | 0x20;
  return (
    (lower >= 0x61 && lower <= 0x7a && code !== 0x60) ||
    isDigit(code) ||
    code === 0x5f ||
    code === DOLLAR ||
    code >= 0x80
  );
}

function isComment(code: number, following: number, third: number, isMysql: boolean): boolean {
  if (code === MINUS && following === MINUS) return !isMysql || !(third > SPACE) || third === DELETE;
  return isMysql && code === HASH;
}
