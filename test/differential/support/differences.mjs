/** Each place where two observations differ, with both values. */
export function differencesOf(bare, instrumented, path = []) {
  if (Object.is(bare, instrumented)) return [];
  const isBoth = isContainer(bare) && isContainer(instrumented);
  if (!isBoth || Array.isArray(bare) !== Array.isArray(instrumented)) {
    return [{ path: path.join('.'), bare, instrumented }];
  }
  // A list of names tells more as a whole: what is missing, and what is too much.
  if (Array.isArray(bare) && [...bare, ...instrumented].every((item) => typeof item === 'string')) {
    return bare.join('\n') === instrumented.join('\n') ? [] : [{ path: path.join('.'), bare, instrumented }];
  }
  const keys = new Set([...Object.keys(bare), ...Object.keys(instrumented)]);
  return [...keys].flatMap((key) => differencesOf(bare[key], instrumented[key], [...path, key]));
}

const isContainer = (value) => value !== null && typeof value === 'object';
