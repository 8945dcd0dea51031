import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { trace } from '@opentelemetry/api';
import { createBreakers } from '../client/breakers.js';
import { observeClients } from '../client/clients.js';
import { Outbound } from '../client/outbound.js';
import { createPropagation } from '../context/propagators.js';
import { createSystemClock } from '../core/clock.js';
import { createFaults } from '../core/faults.js';
import { createIdGenerator } from '../core/ids.js';
import { backgroundTimers } from '../core/timers.js';
import { createHealthHandle } from '../health/handle.js';
import type { Health } from '../health/health.js';
import { createMethods, DEFAULT_METHODS } from '../metrics/http-methods.js';
import { bindApp } from '../server/frameworks/bind-app.js';
import { type FastifyApp, watchFastifyRoutes } from '../server/frameworks/fastify/routes.js';
import { InFlight } from '../server/in-flight.js';
import type { AppRoutes } from '../server/probes/app-routes.js';
import { recordOf } from '../server/request-record.js';
import { RequestRecorder } from '../server/request-recorder.js';
import { createRequestSignals } from '../server/request-signal.js';
import { ANSWERED, type RequestHandler, ServerBindings } from '../server/server-bindings.js';
import { Traffic } from '../server/traffic.js';
import { createServiceDatabases } from './databases.js';
import { createServiceEnd } from './end.js';
import { createServiceHealth } from './health.js';
import { createLiveness } from './liveness.js';
import { createServiceLogs, type ServiceLogs } from './logs.js';
import { serveMetrics } from './metrics.js';
import { type Options, resolveOptions } from './options.js';
import type { BoundedSignals } from './signals.js';
import { startLine } from './start-line.js';
import { createTelemetry } from './telemetry/telemetry.js';

/** One service in this process, built and not yet shut down. */
export interface Service {
  readonly signals: BoundedSignals;
  readonly handler: RequestHandler;
  readonly health: Health;
  /** The applications that are bound to it. */
  readonly apps: AppRoutes;
  readonly logs: ServiceLogs;
  /** What it was made with, as the user gave it. */
  readonly options: Options;
  warnOnce(key: string, message: string): void;
}

/** One place for all servers of the process: an application can only be bound once. */
const bindings = new ServerBindings();

/** What this process serves by: calls to it are not guarded. */
const ownServers = {
  get version() {
    return bindings.version;
  },
  servers: () => bindings.bound(),
};

/** Says a line of our own; standard error is where a service's logs are collected from. */
function write(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** For this library's own servers, which are not observed. */
const passThrough: RequestHandler = {
  run: (_req, _res, proceed, self, args) => proceed.apply(self, args),
};

/** Builds a service from its options, by hand and in order: options, clock and ids, telemetry, then the recorder that feeds it. */
export function createService(options: Options, onClosed: () => void): Service {
  const { config, log } = resolveOptions(options, process.env, write);
  const faults = createFaults(log);
  const clock = createSystemClock();
  const ids = createIdGenerator();
  const propagation = createPropagation(config.propagators, loadFromApplication, (message) =>
    log.warnOnce(message, message),
  );
  const telemetry = createTelemetry({ config, clock, ids, faults, log, write, propagation });
  const logs = createServiceLogs({ config: config.logs, emit: telemetry.logs, clock, faults });
  const methodOf = createMethods(config.metrics?.methods ?? DEFAULT_METHODS);
  const edge = config.traces?.edge ?? 'continue';
  const inFlight = new InFlight();
  const recorder = new RequestRecorder({
    clock,
    faults,
    methodOf,
    tracing: telemetry.tracing,
    red: telemetry.red,
    inFlight,
    isIgnored: telemetry.isIgnored,
    onException: logs.onException,
    isRestarted:
      edge === 'continue' ? undefined : edge === 'restart' ? () => true : (req) => edge(req) === 'restart',
    isElsewhere: telemetry.elsewhere?.serves,
  });

  const breakers = createBreakers({
    configOf: config.breakerOf,
    clock,
    faults,
    log,
    isStalled: () => outbound.isStalled,
    onTransition(name, { from, to, why, reasons, snapshot }) {
      // The request that suffers it is the one whose call has just ended.
      const span = outbound.settling === undefined ? undefined : trace.getSpan(outbound.settling.context);
      span?.addEvent('golden_signals.breaker.transition', {
        'golden_signals.breaker.name': name,
        'golden_signals.breaker.state': to,
        'golden_signals.breaker.previous_state': from,
        'golden_signals.breaker.reason': why,
        'golden_signals.breaker.calls': snapshot.calls,
        'golden_signals.breaker.failures': snapshot.failures,
        'golden_signals.breaker.failure_reasons': Object.entries(reasons).map(
          ([reason, count]) => `${reason}=${count}`,
        ),
        // In seconds, as every time of OpenTelemetry.
        'golden_signals.breaker.retry_after': snapshot.retryAfterMs / 1_000,
      });
    },
  });
  const requestSignals = createRequestSignals({ ...config.deadline, clock, timers: backgroundTimers });
  const outbound = new Outbound({
    clock,
    faults,
    timers: backgroundTimers,
    methodOf,
    tracing: telemetry.callTracing,
    red: telemetry.clientRed,
    backlog: telemetry.backlog,
    propagation,
    isPropagatedTo: config.isPropagatedTo,
    breakers: breakers.upstreams,
    mayRepeat: config.breakerOf?.mayRepeat === true,
    ownServers,
    isTracedElsewhere: telemetry.elsewhere?.calls,
    deadlines: config.deadline.propagate ? { ...config.deadline, ...requestSignals } : undefined,
  });
  telemetry.show(breakers.instruments);
  const router = observeClients(faults);
  router.add(recorder, outbound);

  const { health, probes, apps, management, instruments } = createServiceHealth({
    config,
    clock,
    ids,
    faults,
    log,
    breakers,
    leaveAlone: (server) => bindings.bindServer(server, passThrough),
  });
  telemetry.show(instruments);
  serveMetrics({ config, collect: telemetry.collect, clock, faults, log, probes, management });
  const liveness = createLiveness({ config, clock, faults, log, health });
  telemetry.show(liveness.instruments);
  const { shedding } = liveness;
  const { pools } = config;
  const databases = createServiceDatabases({ pools, clock, faults, log, telemetry, owner: recorder });

  let isOpen = true;
  let isFirst = true;
  let isSaid = false;
  const listening = () => {
    isFirst = false;
    try {
      if (!isSaid) log.info(startLine(config, telemetry.destinations));
      isSaid = true;
      health.listening();
    } catch (error) {
      faults.caught('server.listening', error);
    }
  };
  const handler: RequestHandler = {
    run(req: IncomingMessage, res: ServerResponse, proceed, self, args) {
      if (!isOpen) return proceed.apply(self, args);
      if (isFirst) listening();
      const turn = probes.receive(req, res, self);
      if (turn === 'answered') return ANSWERED;
      if (turn === 'asked') return recorder.leaveAlone(req, res, proceed, self, args);
      if (turn !== 'passed') {
        turn.resumeBy(() => void handler.run(req, res, proceed, self, args));
        return ANSWERED;
      }
      if (shedding.isOn && shedding.turnsAway(req)) {
        recorder.run(req, res, () => shedding.turnAway(res), undefined, []);
        return ANSWERED;
      }
      return recorder.run(req, res, proceed, self, args);
    },
    listening,
    connected: (event, args) => traffic.connected(event, args),
    closing: () => traffic.heldUntil,
    caught: faults.caught,
  };
  const traffic = new Traffic({
    servers: () => bindings.servers(handler),
    // Of express, Koa and Hono a server that listened before them says nothing until its first request.
    hasUnseenServer: () => !apps.isEmpty && process.getActiveResourcesInfo().includes('TCPServerWrap'),
    inFlight,
    faults,
  });
  let lastBeat: Promise<void> | undefined;
  const end = createServiceEnd({
    config: config.shutdown,
    clock,
    log,
    write,
    traffic,
    ending: {
      draining({ kind }) {
        health.drain();
        lastBeat = liveness.heartbeat?.stop(kind === 'crash' ? 'crash' : 'shutdown');
      },
      send: (boundMs) => telemetry.flush(boundMs),
      close() {
        isOpen = false;
        health.close();
        liveness.close();
        bindings.release(handler);
        router.remove(recorder);
        outbound.close();
        onClosed();
      },
      async flush(boundMs) {
        await Promise.all([telemetry.shutdown(boundMs), lastBeat]);
        databases.close();
        logs.close();
        await management?.close();
      },
    },
  });
  const signals: BoundedSignals = {
    get tracer() {
      return telemetry.tracer;
    },
    get meter() {
      return telemetry.meter;
    },
    health: createHealthHandle(health),
    management: management && { address: management.address },
    breakers: { get: breakers.get, all: breakers.all },
    breaker: breakers.named,
    signal: requestSignals.signal,
    heartbeat: { progress: () => liveness.heartbeat?.progress() },
    heartbeats: {
      watch: (name, options) => liveness.heartbeats.watch(name, options),
      unwatch: (name) => liveness.heartbeats.unwatch(name),
    },
    pool: databases.pool,
    flush: (boundMs) => telemetry.flush(boundMs),
    shutdown: end,
  };
  return { signals, handler, health, apps, logs, options, warnOnce: log.warnOnce };
}

/**
 * Binds an application or server to a service.
 * @throws GoldenSignalsError `ERR_GS_APP`
 */
export function bindToService(app: unknown, { handler, apps, logs }: Service): void {
  bindApp(app, bindings, handler);
  apps.add(app);
  logs.bind(app);
}

/** Says that a service has no server to wait for. */
export function runWithoutServer({ handler }: Service): void {
  handler.listening?.();
}

/** Takes a request that has come past the server unseen; one that has a record, or is ignored, goes on as it is. */
export function enterService(
  req: IncomingMessage,
  res: ServerResponse,
  next: () => void,
  { handler }: Service,
): void {
  if (recordOf(req) !== undefined) {
    next();
    return;
  }
  bindings.claim(req, handler);
  handler.run(req, res, next, undefined, []);
}

/** Binds every server that is not bound otherwise; `seen` has the servers that listen already and the instances of fastify. */
export function bindEveryServer({ handler, apps }: Service, seen: Seen): void {
  bindings.bindEveryServer(handler);
  apps.addEveryFastify(seen.fastify);
  for (const app of seen.fastify) watchFastifyRoutes(app as FastifyApp);
  for (const server of seen.servers) bindings.noteListening(server);
}

/** What was there before a service was. */
export interface Seen {
  readonly servers: readonly EventEmitter[];
  readonly fastify: readonly object[];
}

/** Optional packages belong to the application: they are looked up from where it was started, then from here. */
function loadFromApplication(module: string): unknown {
  // Not of this module: a bundler would take the call for one that it has to follow.
  const load = createRequire(process.execPath);
  const here = typeof __dirname === 'string' ? [__dirname] : [];
  return load(load.resolve(module, { paths: [process.cwd(), ...here] }));
}
