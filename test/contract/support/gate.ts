/** A promise, and what resolves it. */
export function gate<T = void>() {
  let pass: (value: T) => void = () => {};
  const passed = new Promise<T>((resolve) => {
    pass = resolve;
  });
  return { passed, pass };
}
