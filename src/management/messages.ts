import type { AddressInfo } from 'node:net';
import type { Probe, Verdict } from '../health/probe.js';
import type { RouteAnswer, RouteRequest } from '../server/probes/own-route.js';

/** What the thread of the management port is made with. */
export interface ThreadData {
  readonly host: string;
  readonly port: number;
  /** Where probes are; undefined where none is to be answered. */
  readonly probes: { readonly path: string; readonly probes: ReadonlyMap<string, Probe> } | undefined;
  readonly maxStallMs: number | undefined;
  /** One number that the main thread counts up for as long as it moves. */
  readonly beat: SharedArrayBuffer;
}

/** The verdict on every probe, for the time in which the main thread cannot be asked. */
export type Verdicts = Readonly<Record<Probe, Verdict>>;

export type ToThread =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: RouteAnswer }
  | { readonly kind: 'verdicts'; readonly verdicts: Verdicts };

export type FromThread =
  | { readonly kind: 'listening'; readonly address: AddressInfo }
  | { readonly kind: 'failed'; readonly code: string | undefined; readonly message: string }
  | { readonly kind: 'request'; readonly id: number; readonly request: RouteRequest }
  /** The thread has answered a probe in the main thread's place. */
  | { readonly kind: 'answered'; readonly probe: Probe; readonly statusCode: number };

/** How often the main thread counts its beat up. */
export const BEAT_MS = 200;
