/** A template that cannot be read, or filled in. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}
