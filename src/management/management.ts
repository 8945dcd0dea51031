import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from '../core/log.js';
import type { Health } from '../health/health.js';
import type { HealthConfig } from '../health/options.js';
import type { Probe } from '../health/probe.js';
import type { OwnRoute } from '../server/probes/own-route.js';
import { createManagementListener, type ManagementListenerParts } from './listener.js';
import type { Verdicts } from './messages.js';
import type { ManagementConfig } from './options.js';
import { ManagementRoutes } from './routes.js';
import { createManagementThread, type ManagementThreadParts } from './thread.js';

export interface ManagementParts {
  readonly config: ManagementConfig;
  readonly health: Health;
  /** Undefined where no probe is to be answered. */
  readonly probes: HealthConfig | undefined;
  readonly log: Log;
  readonly every: ManagementThreadParts['every'];
  /** Excludes a server: its requests are neither traced nor measured. */
  readonly leaveAlone: (server: Server) => void;
  readonly onAnswered: (probe: Probe, statusCode: number) => void;
  /** The file of the thread. @default the one beside this */
  readonly threadFile?: string;
}

/** The management port of a service. */
export interface ManagementHandle {
  /** Where it listens, once it does; undefined if it could not. */
  address(): Promise<AddressInfo | undefined>;
}

export interface Management extends ManagementHandle {
  /** Serves one more path there. */
  addRoute(route: OwnRoute): void;
  /** To be called when the state of the service has changed. */
  publish(): void;
  close(): Promise<void>;
}

/** Opens the management port. If it cannot, that is one warning, and the service goes on without it. */
export function createManagement(parts: ManagementParts): Management {
  const { config, health, probes, log, onAnswered } = parts;
  const { host, port } = config;
  const routes = new ManagementRoutes({ health, config: probes, onAnswered });
  const where = `the management port ${host}:${port}`;
  let settle: (address: AddressInfo | undefined) => void = () => {};
  const address = new Promise<AddressInfo | undefined>((resolve) => {
    settle = resolve;
  });
  const listening: ManagementListenerParts = {
    host,
    port,
    answer: (request) => routes.answer(request),
    onListening: (found) => settle(found),
    onError({ code, message }) {
      settle(undefined);
      log.warnOnce('management.error', `${where} is not served: ${code ?? message}`);
    },
  };

  let close: () => Promise<void> = async () => {};
  let publish = () => {};
  if (config.thread) openThread();
  else openHere();
  return {
    address: () => address,
    addRoute: (route) => routes.addRoute(route),
    publish: () => publish(),
    async close() {
      settle(undefined);
      await close();
    },
  };

  function openHere(): void {
    const server = createManagementListener(listening);
    parts.leaveAlone(server);
    close = () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
  }

  function openThread(): void {
    try {
      const thread = createManagementThread(
        {
          ...listening,
          onError(error) {
            listening.onError(error);
            void thread.close();
          },
          probes: probes && { path: probes.path, probes: probes.probes },
          maxStallMs: probes?.maxStallMs,
          verdicts: () => verdictsOf(health),
          onAnswered,
          every: parts.every,
          onEnd: openInstead,
        },
        parts.threadFile,
      );
      publish = thread.publish;
      close = thread.close;
    } catch (error) {
      openInstead(error);
    }
  }

  function openInstead(error: unknown): void {
    publish = () => {};
    log.warnOnce('management.thread', `${where} is served without a thread of its own: ${String(error)}`);
    openHere();
  }
}

function verdictsOf(health: Health): Verdicts {
  const verdict = (probe: Probe) => health.verdict({ probe, group: undefined });
  return {
    live: verdict('live'),
    startup: verdict('startup'),
    ready: verdict('ready'),
    health: verdict('health'),
  };
}
