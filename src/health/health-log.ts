import type { Log } from '../core/log.js';
import type { CheckChange } from './check-reading.js';
import type { HealthEvents } from './health.js';
import { redactText } from './redact.js';
import { thrownText } from './thrown-text.js';

/** One line for each change of a check or of the application's wish for traffic, and for each start-up task that fails, as `key=value` pairs that a collector can read. */
export function createHealthLog(log: Log): Pick<HealthEvents, 'onChange' | 'onState' | 'onTask'> {
  return {
    onChange(change) {
      // A first pass is expected, and not logged.
      if (change.from === undefined && change.to === 'pass') return;
      const line = `health check changed: ${changeFields(change)}`;
      if (change.to === 'pass') log.info(line);
      else log.warn(line);
    },
    onState({ from, to, reason }) {
      // Start-up and shutdown have lines of their own; this is what the application asked for.
      if (to === 'unready') log.warn(`health state changed: from=${from} to=unready${why(reason)}`);
      else if (from === 'unready' && to === 'ready') log.info('health state changed: from=unready to=ready');
    },
    onTask({ name, ok, error }) {
      if (!ok) log.warn(`startup task failed: task=${quoted(name)} error=${quoted(thrownText(error))}`);
    },
  };
}

function changeFields({ name, critical, from, to, output, error }: CheckChange): string {
  const fields = [`check=${quoted(name)}`, `from=${from ?? 'none'}`, `to=${to}`, `critical=${critical}`];
  if (error !== undefined) fields.push(`error=${quoted(thrownText(error))}`);
  else if (output !== undefined) fields.push(`output=${quoted(output)}`);
  return fields.join(' ');
}

function why(reason: string | undefined): string {
  return reason === undefined ? '' : ` reason=${quoted(redactText(String(reason)))}`;
}

// In quotes and on one line, so that what a check throws cannot look like a line of its own.
const quoted = (text: string): string => JSON.stringify(text);
