import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Faults } from '../core/faults.js';
import { mayShowDetail } from '../health/detail.js';
import type { Health } from '../health/health.js';
import { matchProbe, type ProbeTarget, probePath } from '../health/match.js';
import type { HealthConfig } from '../health/options.js';
import type { Probe } from '../health/probe.js';
import { isServer } from './is-server.js';
import { type OwnRoute, type RouteAnswer, routeRequestOf, sendAnswer } from './probe-route.js';

export interface ProbeResponderParts {
  readonly health: Health;
  /** Undefined where no probe is to be answered. */
  readonly config: HealthConfig | undefined;
  readonly faults: Pick<Faults, 'caught'>;
  /** Whether the application that listens on the server has a route of its own at the path. */
  readonly isTaken: (server: object, path: string) => boolean;
  /** The application goes first at this path. */
  readonly onClash: (path: string) => void;
  readonly onAnswered: (probe: Probe, statusCode: number) => void;
}

/** Stands for the server of a request that has none. */
const noServer = {};

/**
 * Answers what is asked of this library and not of the application: probes, and paths of its own such as `/metrics`. It stands in front
 * of everything else a server does, so nothing of it is traced, measured as a request or shed.
 * @see health.md, section 1
 */
export class ProbeResponder {
  readonly #parts: ProbeResponderParts;
  readonly #routes = new Map<string, OwnRoute>();
  // Which characters may follow the first slash: one look at it spares every other request the matching.
  readonly #isBeginning = new Uint8Array(128);

  constructor(parts: ProbeResponderParts) {
    this.#parts = parts;
    for (const path of parts.config?.probes.keys() ?? []) this.#begins(path);
  }

  /** Answers a path besides the probes', on every server of the service. */
  addRoute(route: OwnRoute): void {
    this.#routes.set(route.path, route);
    this.#begins(route.path);
  }

  /**
   * True if the request is taken care of and nobody else may answer it. `owner` is what the request has come to: a server, or an
   * application whose server was not known. Never throws.
   */
  tryAnswer(req: IncomingMessage, res: ServerResponse, owner: unknown): boolean {
    const { url } = req;
    if (url === undefined || url.length < 2 || this.#isBeginning[url.charCodeAt(1) & 127] === 0) return false;
    try {
      return this.#answer(req, res, url, owner);
    } catch (error) {
      this.#parts.faults.caught('server.probe', error);
      return res.headersSent;
    }
  }

  #begins(path: string): void {
    this.#isBeginning[path.charCodeAt(1) & 127] = 1;
  }

  #answer(req: IncomingMessage, res: ServerResponse, url: string, owner: unknown): boolean {
    const { config, health, isTaken, onClash } = this.#parts;
    const target =
      config === undefined
        ? undefined
        : matchProbe(config, req.method, url, (group) => health.hasGroup(group));
    const path = probePath(url);
    const route = target === undefined ? this.#routes.get(path) : undefined;
    if (target === undefined && route === undefined) return false;
    // Behind another framework's mount point, the path is not the one that was asked for.
    const { originalUrl = url } = req as { originalUrl?: string };
    if (originalUrl !== url || res.headersSent) return false;
    // Of its own routes an application may have that one for metrics, too: only probes can be told to go first.
    const isFirst = target !== undefined && config?.override === true;
    if (!isFirst && isTaken(serverOf(req, owner), path)) {
      onClash(path);
      return false;
    }
    return target === undefined ? this.#serve(req, res, route) : this.#probe(req, res, target);
  }

  #probe(req: IncomingMessage, res: ServerResponse, target: ProbeTarget): boolean {
    const { health, config, onAnswered } = this.#parts;
    const request = {
      method: req.method,
      accept: req.headers.accept,
      // Asked for when the answer is made: it may have to wait for a check, and the service begin to drain meanwhile.
      get closeConnection() {
        return health.isDraining && req.httpVersionMajor < 2;
      },
    };
    const isDetailed = config !== undefined && mayShowDetail(config, req);
    this.#send(req, res, health.answer(target, request, isDetailed), (status) =>
      onAnswered(target.probe, status),
    );
    return true;
  }

  #serve(req: IncomingMessage, res: ServerResponse, route: OwnRoute | undefined): boolean {
    const request = routeRequestOf(req);
    if (request === undefined || route === undefined) return false;
    this.#send(req, res, route.answer(request), () => {});
    return true;
  }

  #send(
    req: IncomingMessage,
    res: ServerResponse,
    answer: RouteAnswer | Promise<RouteAnswer>,
    onSent: (status: number) => void,
  ): void {
    const send = (now: RouteAnswer) => {
      if (sendAnswer(res, req.method === 'HEAD', now)) onSent(now.status);
    };
    if (!('then' in answer)) send(answer);
    else answer.then(send).catch((error: unknown) => this.#parts.faults.caught('server.probe', error));
  }
}

function serverOf(req: IncomingMessage, owner: unknown): object {
  if (isServer(owner)) return owner;
  return (req.socket as { server?: object } | undefined)?.server ?? noServer;
}
