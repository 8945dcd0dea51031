import { isError } from '../core/is-error.js';
/** An export that failed for a reason of our own wording. */
export class ExportError extends Error {
  override readonly name = 'ExportError';
}

/** Why an export failed: a code or a first line, never a body that a stranger on that port may have sent. */
export function reasonOf(error: unknown): string {
  if (!isError(error)) return 'unknown error';
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (typeof code === 'number') return `status ${code}`;
  if (typeof code === 'string') return code;
  if (isError(cause)) return reasonOf(cause);
  return (error.message.split('\n')[0] as string).slice(0, 200);
}
