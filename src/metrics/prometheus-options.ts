import { record, reject } from '../core/check.js';

export interface PrometheusOptions {
  /** Where Prometheus scrapes the service: a path without a query. @default '/metrics' */
  readonly path?: string;
}

export interface PrometheusConfig {
  readonly path: string;
  /** Answered on the servers of the service, and not only on the management port. */
  readonly isOnServers: boolean;
}

const pathShape = /^\/[^\s?#]{0,199}[^\s?#/]$/;

/**
 * Undefined where nothing is to be scraped, not even on the management port.
 * @throws GoldenSignalsError `ERR_GS_OPTION` that names the option.
 */
export function resolvePrometheus(
  given: false | PrometheusOptions | undefined,
  isNamedByEnvironment: boolean,
): PrometheusConfig | undefined {
  if (given === false) return undefined;
  const isOnServers = given !== undefined || isNamedByEnvironment;
  if (given === undefined) return Object.freeze({ path: '/metrics', isOnServers });
  if (typeof given !== 'object' || given === null)
    reject('metrics.prometheus', 'false or an object, such as {}', given);
  record('metrics.prometheus', given, ['path']);
  const { path = '/metrics' } = given;
  if (typeof path !== 'string' || !pathShape.test(path))
    reject('metrics.prometheus.path', "a path that begins with '/' and does not end with it", path);
  return Object.freeze({ path, isOnServers });
}
