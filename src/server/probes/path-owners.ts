import { AsyncResource } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../core/clock.js';
import type { AppAnswer } from './app-answer.js';
import type { AppRoutes } from './app-routes.js';
import type { Landscape } from './landscape.js';

/** An application that is asked what it has at a path. */
export interface Question {
  /** It has never answered there: this library waits only so long for it. */
  readonly isBounded: boolean;
  /** Something of it stands at that very path: a page there is an answer too. */
  readonly isMeant: boolean;
  /** Takes what it answers; called at most once for a request. */
  answered(answer: AppAnswer): void;
  /** Takes that it has not answered in time. */
  silent(): void;
  /** The request that asked is done with: those that wait for what came of it go on. */
  over(): void;
}

/** An application that is being asked by another request: what comes of it counts for this one too. */
export interface Waiting {
  /** Takes what is to be done then, which is done in the context of this call. */
  resumeBy(resume: () => void): void;
}

export interface PathOwnersParts {
  readonly clock: Clock;
  readonly routes: Pick<AppRoutes, 'find' | 'landscapeOf'>;
  /** Called each time both have an answer at a path, with whether the application's goes first. */
  readonly onClash: (path: string, isAppFirst: boolean) => void;
}

/** What is known of one path at one server. */
interface Known {
  landscape: Landscape;
  /**
   * - `app`: the application has shown an answer of its own, or a route;
   * - `open`: it answers there, but not what would decide it: it is asked with each probe;
   * - `library`: it has nothing there;
   * - `unknown`: it was not asked yet.
   */
  owner: 'app' | 'open' | 'library' | 'unknown';
  /** How the callers look that were turned away: another may be let in. Undefined where none was. */
  walledOff: Set<string> | undefined;
  /** When it is to be asked again, by the clock. */
  askAt: number;
  restMs: number;
  /** Requests that wait while another one asks. Undefined where none asks. */
  waiting: (() => void)[] | undefined;
}

/**
 * Where the application has no route, it is asked again after this time, then after twice as long, and so on: routes may be added out
 * of sight, in the code of a listener or in a mounted application.
 */
const firstRestMs = 10_000;
const maxKinds = 8;

/**
 * Knows who answers a probe: an application with an answer of its own goes first. Its routes are looked up where that is possible; where
 * it is not, it is asked, and what it says is remembered.
 */
export class PathOwners {
  readonly #parts: PathOwnersParts;
  readonly #byServer = new WeakMap<object, Map<string, Known>>();

  constructor(parts: PathOwnersParts) {
    this.#parts = parts;
  }

  /** Who answers a GET or HEAD of a path: `app`, `library`, or the application if it says that it does. Only some requests can wait. */
  ownerOf(
    server: object,
    req: IncomingMessage,
    path: string,
    mayWait: boolean,
  ): 'app' | 'library' | Question | Waiting {
    const known = this.#knownOf(server, req.method as string, path);
    if (known.owner === 'app' || this.#ownsGet(server, req, path)) {
      this.#parts.onClash(path, true);
      return 'app';
    }
    if (known.owner === 'library' && this.#parts.clock.now() < known.askAt) {
      const { walledOff } = known;
      if (walledOff === undefined || walledOff.size >= maxKinds || walledOff.has(lookOf(req)))
        return 'library';
    }
    const { waiting } = known;
    if (waiting !== undefined && mayWait)
      return { resumeBy: (resume) => void waiting.push(AsyncResource.bind(resume)) };
    return this.#questionOf(server, req, path, known);
  }

  /** What answers GET answers HEAD too, in its own way. */
  #ownsGet(server: object, { method }: IncomingMessage, path: string): boolean {
    return method === 'HEAD' && this.#knownOf(server, 'GET', path).owner === 'app';
  }

  #knownOf(server: object, method: string, path: string): Known {
    const { routes } = this.#parts;
    let paths = this.#byServer.get(server);
    if (paths === undefined) {
      paths = new Map();
      this.#byServer.set(server, paths);
    }
    const key = `${method} ${path}`;
    let known = paths.get(key);
    const landscape = routes.landscapeOf(server);
    if (known === undefined || !known.landscape.equals(landscape)) {
      const owner = routes.find(server, path) === 'route' ? 'app' : 'unknown';
      known = { landscape, owner, walledOff: undefined, askAt: 0, restMs: firstRestMs, waiting: undefined };
      paths.set(key, known);
    }
    return known;
  }

  #questionOf(server: object, req: IncomingMessage, path: string, known: Known): Question {
    const { routes, onClash } = this.#parts;
    const isMeant = routes.find(server, path) !== undefined;
    const isBounded = known.owner !== 'open';
    const isFirst = isBounded && known.waiting === undefined;
    if (isFirst) known.waiting = [];
    return {
      isBounded,
      isMeant,
      answered: (answer) => {
        switch (answer) {
          case 'own':
            known.owner = 'app';
            onClash(path, true);
            break;
          case 'failing':
            if (known.owner !== 'app') known.owner = 'open';
            onClash(path, true);
            break;
          case 'page':
            if (known.owner !== 'app') known.owner = isMeant ? 'app' : 'open';
            onClash(path, isMeant);
            break;
          case 'wall':
            if (known.owner === 'app' || known.owner === 'open') break;
            known.walledOff ??= new Set();
            known.walledOff.add(lookOf(req));
            this.#rest(known);
            break;
          case 'none':
            if (known.owner === 'app') break;
            known.walledOff = undefined;
            this.#rest(known);
            break;
          case 'busy':
            break;
        }
      },
      silent: () => {
        if (known.owner === 'unknown' || known.owner === 'library') this.#rest(known);
      },
      over() {
        const { waiting = [] } = known;
        if (!isFirst) return;
        known.waiting = undefined;
        // Each by itself: what one of them throws is its application's own.
        for (const resume of waiting) setImmediate(resume);
        waiting.length = 0;
      },
    };
  }

  #rest(known: Known): void {
    const now = this.#parts.clock.now();
    if (known.owner === 'library' && now < known.askAt) return;
    known.owner = 'library';
    known.askAt = now + known.restMs;
    known.restMs *= 2;
  }
}

/** How a caller looks to what may stand in front of everything: by the headers that it sends, not by what is in them. */
function lookOf(req: IncomingMessage): string {
  const { url = '' } = req;
  return Object.keys(req.headers).join() + (url.includes('?') ? '?' : '');
}
