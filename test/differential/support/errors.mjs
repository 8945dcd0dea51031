/** What an error handler may look at: class, code, message, properties, cause, and the first frame of the stack that is the user's. */
export function errorOf(error, depth = 0) {
  if (error === null || typeof error !== 'object') return { thrown: String(error) };
  const described = {
    class: error.constructor?.name,
    isError: error instanceof Error,
    name: error.name,
    message: String(error.message),
    code: error.code,
    keys: Object.keys(error),
    frame: ownFrame(error.stack),
  };
  if (error.cause !== undefined && depth < 4) described.cause = errorOf(error.cause, depth + 1);
  if (Array.isArray(error.errors) && depth < 4) {
    described.errors = error.errors.map((inner) => errorOf(inner, depth + 1));
  }
  return described;
}

/** The library's own frames, and those of Node and packages, are not what a user reads first. */
function ownFrame(stack) {
  const frame = String(stack)
    .split('\n')
    .find((line) => line.trimStart().startsWith('at ') && line.includes('/situations/'));
  return frame?.trim().replace(/\(?(file:\/\/)?\/.*\/situations\//, '');
}
