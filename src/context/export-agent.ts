import type { Agent } from 'node:http';

// A registered symbol: a copy of this library that is loaded later does not know the context in which an older one sends.
const exportsKey = Symbol.for('golden-signals.exports');

/** Makes an agent one whose requests are telemetry, which no copy of this library traces or counts. */
export function markAsExports(agent: Agent): void {
  Object.defineProperty(agent, exportsKey, { value: true });
}

export function isOfExports(agent: object | undefined): boolean {
  return agent !== undefined && (agent as { readonly [exportsKey]?: boolean })[exportsKey] === true;
}
