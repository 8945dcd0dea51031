import type { IncomingMessage } from 'node:http';
import type { HealthConfig } from './options.js';
import { settle } from './settle.js';

/** Whether this request may see names and texts. Whatever `authorize` does but return true is a no. */
export function mayShowDetail(
  config: Pick<HealthConfig, 'detail' | 'authorize'>,
  request: IncomingMessage,
): boolean {
  if (config.detail === 'always') return true;
  if (config.authorize === undefined) return false;
  try {
    const answer: unknown = config.authorize(request);
    // An async function is a mistake here; its rejection must not end the process all the same.
    if (typeof answer === 'object')
      settle(
        () => answer,
        () => {},
      );
    return answer === true;
  } catch {
    return false;
  }
}
