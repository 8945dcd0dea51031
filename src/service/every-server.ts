import type { Seen } from './create.js';
import { sharedRegistry } from './registry.js';

/** Instruments every HTTP server of the process, those among them that listen already. */
export function instrumentEveryServer(seen: Seen): void {
  sharedRegistry().instrumentEveryServer(seen);
}
