import type { Server } from 'node:net';

/** True for what listens for connections as Node's servers do: those of http, https, http2 and net, and what is made like them. */
export function isServer(value: unknown): value is Server {
  if (typeof value !== 'object' || value === null) return false;
  const { listen, close, address, getConnections, emit } = value as Record<string, unknown>;
  return [listen, close, address, getConnections, emit].every((method) => typeof method === 'function');
}
