import type { Health } from '../health/health.js';
import { matchProbe, probePath } from '../health/match.js';
import type { HealthConfig } from '../health/options.js';
import type { Probe } from '../health/probe.js';
import {
  type OwnRoute,
  type RouteAnswer,
  type RouteRequest,
  textAnswer,
} from '../server/probes/own-route.js';

export interface ManagementRoutesParts {
  readonly health: Health;
  /** Undefined where no probe is to be answered. */
  readonly config: HealthConfig | undefined;
  readonly onAnswered: (probe: Probe, statusCode: number) => void;
}

/** The routes of the management port: probes with full detail, and those that are added, such as `/metrics`. */
export class ManagementRoutes {
  readonly #parts: ManagementRoutesParts;
  readonly #routes = new Map<string, OwnRoute>();

  constructor(parts: ManagementRoutesParts) {
    this.#parts = parts;
  }

  /** Serves one more path, such as `/metrics`. */
  addRoute(route: OwnRoute): void {
    this.#routes.set(route.path, route);
  }

  async answer(request: RouteRequest): Promise<RouteAnswer> {
    const { health, config, onAnswered } = this.#parts;
    const { method, url, headers } = request;
    const target = config && matchProbe(config, method, url, (group) => health.hasGroup(group));
    if (target === undefined) return this.#routes.get(probePath(url))?.answer(request) ?? notFound;
    const { accept } = headers;
    const answer = await health.answer(target, { method, accept, closeConnection: false }, true);
    onAnswered(target.probe, answer.status);
    return answer;
  }
}

const notFound = textAnswer(404, 'not found');
