import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Faults } from '../../core/faults.js';
import type { Timers } from '../../core/timers.js';
import { mayShowDetail } from '../../health/detail.js';
import type { Health } from '../../health/health.js';
import { matchProbe, type ProbeTarget, probePath } from '../../health/match.js';
import type { HealthConfig } from '../../health/options.js';
import type { Probe } from '../../health/probe.js';
import { isServer } from '../is-server.js';
import type { Elsewhere } from './elsewhere.js';
import { HeldAnswer } from './held-answer.js';
import {
  type OwnRoute,
  type RouteAnswer,
  type RouteRequest,
  routeRequestOf,
  sendAnswer,
} from './own-route.js';
import type { PathOwners, Question, Waiting } from './path-owners.js';

export interface ProbeResponderParts {
  readonly health: Health;
  /** Undefined where no probe is to be answered. */
  readonly config: HealthConfig | undefined;
  readonly faults: Pick<Faults, 'caught'>;
  readonly timers: Timers;
  /** Knows whether the application behind a server answers a path itself. */
  readonly owners: Pick<PathOwners, 'ownerOf'>;
  /** Asks the application for paths that no application knows. */
  readonly elsewhere: Pick<Elsewhere, 'ask' | 'has'>;
  readonly onAnswered: (probe: Probe, statusCode: number) => void;
}

/**
 * What becomes of a request: it is answered here; or it is the application's; or the application is asked, as if it were its own, and
 * what it says decides; or it waits while another request asks, and then comes again.
 */
export type Turn = 'answered' | 'passed' | 'asked' | Waiting;

/** Sends an answer; false where the request is over. */
type Send = (answer: RouteAnswer) => boolean;

/** An answer of this library's to come. */
interface Answering {
  /** It may have to wait for a check. */
  readonly mayWait: boolean;
  make(): RouteAnswer | Promise<RouteAnswer>;
  sent(status: number): void;
}

/** How long an application that is asked may take, in milliseconds: a kubelet waits for 1 s. */
const patienceMs = 500;

/** Stands for the server of a request that has none. */
const noServer = {};

/**
 * Answers what is asked of this library and not of the application: probes, and paths of its own such as `/metrics`. It stands in front
 * of everything else a server does, so nothing of it is traced, measured as a request or shed.
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
   * `owner` is what the request has come to: a server, or an application whose server was not known. A request that is asked is to go
   * on to the application, neither traced nor measured. Never throws.
   */
  receive(req: IncomingMessage, res: ServerResponse, owner: unknown): Turn {
    const { url } = req;
    if (url === undefined || url.length < 2 || this.#isBeginning[url.charCodeAt(1) & 127] === 0)
      return 'passed';
    if (this.#parts.elsewhere.has(url)) return 'asked';
    try {
      return this.#receive(req, res, url, owner);
    } catch (error) {
      this.#parts.faults.caught('server.probe', error);
      return res.headersSent ? 'answered' : 'passed';
    }
  }

  #begins(path: string): void {
    this.#isBeginning[path.charCodeAt(1) & 127] = 1;
  }

  #receive(req: IncomingMessage, res: ServerResponse, url: string, owner: unknown): Turn {
    const { config, health, owners } = this.#parts;
    const target =
      config === undefined
        ? undefined
        : matchProbe(config, req.method, url, (group) => health.hasGroup(group));
    const route = target === undefined ? this.#routes.get(probePath(url)) : undefined;
    if (target === undefined && (route === undefined || routeRequestOf(req) === undefined)) return 'passed';
    // Behind another framework's mount point, the path is not the one that was asked for.
    const { originalUrl = url } = req as { originalUrl?: string };
    if (originalUrl !== url || res.headersSent) return 'passed';
    const answering = target === undefined ? this.#scrape(req, route as OwnRoute) : this.#probe(req, target);
    // The application may have a route for metrics, too: `override` is for probes only.
    const isFirst = target !== undefined && config?.override === true;
    const path = withoutQuery(url);
    const isAtServer = isServer(owner);
    const decided = isFirst ? 'library' : owners.ownerOf(serverOf(req, owner), req, path, isAtServer);
    if (decided === 'app') return 'passed';
    if (typeof decided === 'object') {
      if ('resumeBy' in decided) return decided;
      this.#ask(req, res, path, decided, answering);
      return 'asked';
    }
    this.#deliver(answering, answering.make(), (answer) => sendAnswer(res, req.method === 'HEAD', answer));
    return 'answered';
  }

  #ask(
    req: IncomingMessage,
    res: ServerResponse,
    path: string,
    question: Question,
    answering: Answering,
  ): void {
    const { timers, faults, elsewhere } = this.#parts;
    // One that has to wait for a check waits while the application is asked.
    const early = question.isBounded && answering.mayWait ? answering.make() : undefined;
    const begun = early !== undefined && 'then' in early ? early : undefined;
    begun?.catch(() => {});
    const guarded = (action: () => void) => {
      try {
        action();
      } catch (error) {
        faults.caught('server.probe', error);
      }
    };
    let timer: unknown;
    const held = new HeldAnswer({
      res,
      path,
      isHead: req.method === 'HEAD',
      askElsewhere: question.isMeant ? undefined : (answered) => elsewhere.ask(req, answered),
      isPageWelcome: question.isMeant || req.headers.accept?.includes('text/html') === true,
      onAnswer: (answer) => guarded(() => question.answered(answer)),
      answerInstead: (send) => guarded(() => this.#deliver(answering, begun ?? answering.make(), send)),
      onSettled() {
        timers.clear(timer);
        question.over();
      },
    });
    if (!question.isBounded) return;
    timer = timers.set(
      () =>
        guarded(() => {
          question.silent();
          held.giveUp();
        }),
      patienceMs,
    );
  }

  #probe(req: IncomingMessage, target: ProbeTarget): Answering {
    const { health, config, onAnswered } = this.#parts;
    const request = {
      method: req.method,
      accept: req.headers.accept,
      // Asked for when the answer is made: it may have to wait for a check, and the service begin to drain meanwhile.
      get closeConnection() {
        return health.isDraining && req.httpVersionMajor < 2;
      },
    };
    return {
      mayWait: true,
      make: () => health.answer(target, request, config !== undefined && mayShowDetail(config, req)),
      sent: (status) => onAnswered(target.probe, status),
    };
  }

  #scrape(req: IncomingMessage, route: OwnRoute): Answering {
    const request = routeRequestOf(req) as RouteRequest;
    return { mayWait: false, make: () => route.answer(request), sent() {} };
  }

  #deliver({ sent }: Answering, answer: RouteAnswer | Promise<RouteAnswer>, send: Send): void {
    const sendNow = (now: RouteAnswer) => {
      if (send(now)) sent(now.status);
    };
    if (!('then' in answer)) sendNow(answer);
    else answer.then(sendNow).catch((error: unknown) => this.#parts.faults.caught('server.probe', error));
  }
}

function withoutQuery(url: string): string {
  const question = url.indexOf('?');
  return question < 0 ? url : url.slice(0, question);
}

function serverOf(req: IncomingMessage, owner: unknown): object {
  if (isServer(owner)) return owner;
  return (req.socket as { server?: object } | undefined)?.server ?? noServer;
}
