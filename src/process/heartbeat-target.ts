import type { Beat, BeatKind, HeartbeatConfig } from './heartbeat-options.js';

/** One request that is a beat. */
export interface Ping {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly body: string | undefined;
}

/** Makes a request and resolves to the status of the answer. */
export type SendPing = (ping: Ping, signal: AbortSignal) => Promise<number>;

/** A receiver of beats. */
export interface BeatTarget {
  /** For the log: never the path, which is the secret. */
  readonly name: string;
  /** Whether this kind of beat can be said here at all. */
  takes(kind: BeatKind): boolean;
  /** Rejects unless it was taken. */
  send(beat: Beat): Promise<unknown>;
}

type PingOf = (url: URL, kind: BeatKind) => Ping | undefined;

const uuidPing = /\/ping\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\/?$/i;
const kumaPush = /\/api\/push\/[^/]+\/?$/;

/** All targets of the heartbeat of a service. */
export function targetsOf({ urls, send, form }: HeartbeatConfig, sendPing: SendPing): BeatTarget[] {
  const targets = urls.map((url) => urlTarget(url, pingOf[form === 'auto' ? formOf(url) : form], sendPing));
  if (send === undefined) return targets;
  const own: BeatTarget = { name: 'heartbeat.send', takes: () => true, send: async (beat) => send(beat) };
  return [...targets, own];
}

function formOf({ hostname, pathname }: URL): keyof typeof pingOf {
  if (hostname === 'hc-ping.com' || uuidPing.test(pathname)) return 'healthchecks';
  return kumaPush.test(pathname) ? 'uptime-kuma' : 'plain';
}

function urlTarget(url: URL, ping: PingOf, sendPing: SendPing): BeatTarget {
  return {
    name: url.origin,
    takes: (kind) => ping(url, kind) !== undefined,
    async send({ kind, signal }) {
      const request = ping(url, kind);
      if (request === undefined) return;
      const status = await sendPing(request, signal);
      if (status < 200 || status > 299) throw new RefusedBeat(status);
    },
  };
}

/** An answer other than 2xx. */
export class RefusedBeat extends Error {
  override readonly name = 'RefusedBeat';
  /** False if the same beat would be refused again. */
  readonly isWorthARetry: boolean;

  constructor(status: number) {
    super(`status ${status}`);
    this.isWorthARetry = status >= 500 || status === 408 || status === 429;
  }
}

const pingOf = {
  /** @see https://healthchecks.io/docs/http_api/ */
  healthchecks(url: URL, kind: BeatKind): Ping {
    if (kind === 'alive') return get(url);
    if (kind !== 'shutdown') return get(below(url, 'fail'));
    return { url: below(url, 'log'), method: 'POST', body: 'shutdown' };
  },
  /** @see https://github.com/louislam/uptime-kuma/wiki/Internal-API */
  'uptime-kuma'(url: URL, kind: BeatKind): Ping {
    const push = new URL(url);
    const isUp = kind === 'alive' || kind === 'shutdown';
    push.searchParams.set('status', isUp ? 'up' : 'down');
    push.searchParams.set('msg', kind === 'alive' ? 'OK' : kind);
    push.searchParams.set('ping', '');
    return get(push);
  },
  /** A target that knows only `alive` gets no other beat. */
  plain: (url: URL, kind: BeatKind): Ping | undefined => (kind === 'alive' ? get(url) : undefined),
};

function get(url: URL): Ping {
  return { url, method: 'GET', body: undefined };
}

function below(url: URL, name: string): URL {
  const further = new URL(url);
  further.pathname = `${url.pathname.replace(/\/$/, '')}/${name}`;
  return further;
}
