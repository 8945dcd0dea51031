import type { IncomingMessage } from 'node:http';
import { bool, func, positive, record, reject, within } from '../core/check.js';

export interface OverloadOptions {
  /** Turns a growing share of requests away with 503 while overloaded; else it is only observed. @default false */
  readonly shed?: boolean;
  /** 99th percentile of the event loop's delay above which a window is hot, in milliseconds. @default 200 */
  readonly maxDelayMs?: number;
  /** Event loop utilization above which a window is hot, in (0, 1]. @default 0.98 */
  readonly maxUtilization?: number;
  /** Delay below which a window is calm, in milliseconds. @default half of maxDelayMs */
  readonly calmDelayMs?: number;
  /** Utilization below which a window is calm. @default 0.9, or maxUtilization if that is less */
  readonly calmUtilization?: number;
  /** Length of a window, in milliseconds. @default 500 */
  readonly sampleMs?: number;
  /** Requests for which it returns true are never turned away. @default none */
  readonly priority?: (request: IncomingMessage) => boolean;
}

export type OverloadConfig = Readonly<
  Required<Omit<OverloadOptions, 'priority'>> & { priority: OverloadOptions['priority'] | undefined }
>;

const known = [
  'shed',
  'maxDelayMs',
  'maxUtilization',
  'calmDelayMs',
  'calmUtilization',
  'sampleMs',
  'priority',
] as const satisfies readonly (keyof OverloadOptions)[];

/** @throws GoldenSignalsError `ERR_GS_OPTION` that names the option. */
export function resolveOverload(given: OverloadOptions = {}): OverloadConfig {
  record('overload', given, known);
  const { shed = false, maxDelayMs = 200, maxUtilization = 0.98, sampleMs = 500, priority } = given;
  bool('overload.shed', shed);
  positive('overload.maxDelayMs', maxDelayMs);
  within('overload.maxUtilization', maxUtilization, 0.01, 1);
  within('overload.sampleMs', sampleMs, 50, 60_000);
  const { calmDelayMs = maxDelayMs / 2, calmUtilization = Math.min(0.9, maxUtilization) } = given;
  positive('overload.calmDelayMs', calmDelayMs);
  positive('overload.calmUtilization', calmUtilization);
  if (calmDelayMs > maxDelayMs) reject('overload.calmDelayMs', 'at most maxDelayMs', calmDelayMs);
  if (calmUtilization > maxUtilization)
    reject('overload.calmUtilization', 'at most maxUtilization', calmUtilization);
  if (priority !== undefined) func('overload.priority', priority);
  return Object.freeze({
    shed,
    maxDelayMs,
    maxUtilization,
    calmDelayMs,
    calmUtilization,
    sampleMs,
    priority,
  });
}
