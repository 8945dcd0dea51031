import type { ObservedAgent, OriginReading } from './agent-sockets.js';

type Lists = Readonly<Record<string, readonly unknown[] | undefined>>;

/** What is used of an `http.Agent` or `https.Agent`. */
export interface HttpAgent {
  readonly sockets: Lists;
  readonly freeSockets: Lists;
  readonly requests: Lists;
  readonly maxSockets: number;
}

export function isHttpAgent(value: object): value is HttpAgent {
  const { sockets, freeSockets, requests, maxSockets, addRequest } = value as Record<string, unknown>;
  return (
    [sockets, freeSockets, requests].every((lists) => typeof lists === 'object' && lists !== null) &&
    typeof maxSockets === 'number' &&
    typeof addRequest === 'function'
  );
}

// An agent's own name for an origin begins with host:port:; a host that is an IPv6 address has colons too.
const originPattern = /^([^:]+|[0-9a-f]*:[0-9a-f:.]*?):(\d+):/i;

/** Reads an agent's sockets by origin; nothing of it is wrapped. What keeps several origins apart by TLS options counts as one. */
export function observeHttpAgent(agent: HttpAgent): ObservedAgent {
  return {
    *origins() {
      const { sockets, freeSockets, requests, maxSockets } = agent;
      const byOrigin = new Map<string, { -readonly [K in keyof OriginReading]: OriginReading[K] }>();
      for (const name of new Set([sockets, freeSockets, requests].flatMap((lists) => Object.keys(lists)))) {
        const [, address, port] = originPattern.exec(name) ?? [];
        if (address === undefined || port === undefined) continue;
        const key = `${address}:${port}`;
        const max = Number.isFinite(maxSockets) ? maxSockets : undefined;
        const reading = byOrigin.get(key) ?? {
          address,
          port: Number(port),
          active: 0,
          idle: 0,
          pending: 0,
          max,
        };
        reading.active += sockets[name]?.length ?? 0;
        reading.idle += freeSockets[name]?.length ?? 0;
        reading.pending += requests[name]?.length ?? 0;
        byOrigin.set(key, reading);
      }
      yield* byOrigin.values();
    },
    isEnded: () => false,
  };
}
