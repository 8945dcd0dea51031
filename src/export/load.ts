/**
 * Loads packages one after another, giving the event loop a turn between them: a service that is already under load must not stand
 * still for the whole of what its first export needs.
 */
export async function loadInSteps(load: readonly (() => unknown)[]): Promise<void> {
  for (const step of load) {
    step();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
