import type { Finding } from './finding.js';
import type { Installed } from './installed-packages.js';
import { parseVersion } from './version.js';

/** The majors that are tested. */
const majors: Readonly<Record<string, readonly number[]>> = {
  express: [4, 5],
  fastify: [4, 5],
  koa: [2, 3],
  hono: [4],
  '@hono/node-server': [1, 2],
  '@nestjs/core': [10, 11, 12],
  undici: [6, 7, 8],
};

/** Frameworks on Node's own server: their requests are seen, their routes are not. */
const withoutRoutes = ['@hapi/hapi', 'restify', 'polka', 'micro', 'h3', 'find-my-way', '@adonisjs/core'];
/** Servers of their own. */
const unseenServers = ['uWebSockets.js', 'hyper-express', '@grpc/grpc-js'];
/** Clients that speak neither HTTP by Node's means nor through a pool that can be handed over. */
const unseenClients = [
  '@grpc/grpc-js',
  'mongodb',
  'mongoose',
  'kafkajs',
  'amqplib',
  'mssql',
  'oracledb',
  'cassandra-driver',
  'memcached',
  'memjs',
  'nats',
  'mqtt',
] as const;

/** Frameworks and clients of the service itself that this library does not see, or not in this version. */
export function checkLibraries({ manifest, copiesOf }: Installed): readonly Finding[] {
  const asked = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
  const has = (name: string) => asked.includes(name);
  const findings: Finding[] = [];
  for (const [name, known] of Object.entries(majors)) {
    if (!has(name)) continue;
    for (const { version } of copiesOf(name)) {
      const major = parseVersion(version)?.[0];
      if (major === undefined || known.includes(major)) continue;
      findings.push({
        id: 'library-version',
        severity: 'warning',
        what: `${name} ${version} is not a version that is tested: ${known.join(', ')} are`,
        cure: `use ${name} ${known.at(-1)}, and see whether routes and spans are right`,
      });
    }
  }
  if (has('hono') && !has('@hono/node-server')) {
    findings.push({
      id: 'framework-unseen',
      severity: 'warning',
      what: 'hono is seen on @hono/node-server alone, which this service does not have',
      cure: 'serve it with @hono/node-server',
    });
  }
  for (const name of withoutRoutes.filter(has)) {
    findings.push({
      id: 'framework-without-routes',
      severity: 'warning',
      what: `${name} is not known: its requests are measured, but without http.route, all as one`,
      cure: 'hand its http.Server to instrument()',
    });
  }
  for (const name of unseenServers.filter(has)) {
    findings.push({
      id: 'framework-unseen',
      severity: name === '@grpc/grpc-js' ? 'note' : 'warning',
      what: `requests to a server of ${name} are not seen: it makes no 'request' event of Node's HTTP server`,
      cure: 'register an OpenTelemetry instrumentation of it, or trace them with signals.tracer',
    });
  }
  const clients = unseenClients.filter(has);
  if (clients.length > 0) {
    findings.push({
      id: 'client-unseen',
      severity: 'note',
      what: `calls by ${clients.join(', ')} make no spans, and have no circuit breaker of their own`,
      cure: 'register OpenTelemetry instrumentations of them for spans; signals.breaker(name).run() is the breaker',
    });
  }
  return findings;
}
