import { bool, integer, record, reject, text } from '../core/check.js';

export interface ManagementOptions {
  /** Port that probes with full detail and metrics are served on; 0 for any that is free. */
  readonly port: number;
  /** Address to listen on. Every client that can reach it gets the detail; a kubelet needs '0.0.0.0'. @default '127.0.0.1' */
  readonly host?: string;
  /** Serves the port from a worker thread, which still answers while the main thread is blocked; some 10 MB. @default false */
  readonly thread?: boolean;
}

export type ManagementConfig = Readonly<Required<ManagementOptions>>;

const maxPort = 65_535;

/** @throws GoldenSignalsError `ERR_GS_OPTION` that names the option. */
export function resolveManagement(given: ManagementOptions): ManagementConfig {
  record('management', given, ['port', 'host', 'thread']);
  const { port, host = '127.0.0.1', thread = false } = given;
  integer('management.port', port, 0);
  if (port > maxPort) reject('management.port', `a port from 0 to ${maxPort}`, port);
  text('management.host', host);
  bool('management.thread', thread);
  return Object.freeze({ port, host, thread });
}
