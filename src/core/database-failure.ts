/** How an operation failed, in names of low cardinality; never the message, which can hold values. */
export interface Failure {
  /** `error.type`. */
  readonly errorType: string;
  /** `db.response.status_code`, where the database itself answered with an error. */
  readonly statusCode: string | undefined;
}

interface DatabaseError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly errno?: unknown;
  readonly sqlState?: unknown;
  readonly severity?: unknown;
  readonly message?: unknown;
}

const codePattern = /^[A-Za-z_][\w.]{0,63}$/;
const sqlState = /^[0-9A-Z]{5}$/;
// "WRONGTYPE Operation against a key holding the wrong kind of value": the prefix is the code.
const redisCode = /^-?([A-Z][A-Z_]{1,31})(?: |$)/;

/** Never throws. */
export function failureOf(error: unknown): Failure {
  try {
    return read(error as DatabaseError | null | undefined);
  } catch {
    return { errorType: '_OTHER', statusCode: undefined };
  }
}

function read(error: DatabaseError | null | undefined): Failure {
  const { name, code, errno, severity, message } = error ?? {};
  if (typeof code === 'string' && severity !== undefined && sqlState.test(code))
    return { errorType: code, statusCode: code };
  // mysql2 gives the server's number and its state; an error of the system has a negative number and no state.
  if (typeof errno === 'number' && errno > 0 && typeof error?.sqlState === 'string')
    return { errorType: String(errno), statusCode: String(errno) };
  if (typeof code === 'string' && codePattern.test(code)) return { errorType: code, statusCode: undefined };
  const text = typeof message === 'string' ? message.slice(0, 200) : '';
  if (name === 'ReplyError' || name === 'SimpleError' || isSimpleError(error)) {
    const [, prefix] = redisCode.exec(text) ?? [];
    if (prefix !== undefined) return { errorType: prefix, statusCode: prefix };
  }
  if (/\btime(?:d )?-?out\b/i.test(text)) return { errorType: 'timeout', statusCode: undefined };
  const kind = isSpecific(name) ? name : error?.constructor?.name;
  return {
    errorType: typeof kind === 'string' && codePattern.test(kind) ? kind : '_OTHER',
    statusCode: undefined,
  };
}

// Every error that node-redis makes of an answer is of this class, whose name property stays that of Error.
function isSimpleError(error: unknown): boolean {
  return /^(?:Simple|Blob|Error)?(?:Error)?Reply$|^(?:Simple|Blob)Error$/.test(
    error?.constructor?.name ?? '',
  );
}

function isSpecific(name: unknown): name is string {
  return typeof name === 'string' && name !== 'Error' && name !== '';
}
