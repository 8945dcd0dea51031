/** An expression that cannot be read, or whose evaluation failed. */
export class PromqlError extends Error {
  override readonly name = 'PromqlError';
}
