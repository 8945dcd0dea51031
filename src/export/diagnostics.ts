import { type DiagLogFunction, diag } from '@opentelemetry/api';
import { isError } from '../core/is-error.js';
import type { LogLevel } from '../core/log.js';

const levels: Readonly<Record<LogLevel, number>> = {
  none: 0,
  error: 30,
  warn: 50,
  info: 60,
  debug: 70,
  verbose: 80,
  all: 9_999,
};

/**
 * With OTEL_LOG_LEVEL set, the diagnostics of OpenTelemetry go to the same place as our own lines, unless the application has set a
 * logger already. The function returned ends that.
 */
export function registerDiagnostics(level: LogLevel, write: (line: string) => void): () => void {
  if (registered() !== undefined) return () => {};
  const at =
    (name: string): DiagLogFunction =>
    (...parts) =>
      write(`opentelemetry ${name}: ${parts.flatMap(textOf).join(' ')}`);
  const logger = {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    verbose: at('verbose'),
  };
  diag.setLogger(logger, { logLevel: levels[level], suppressOverrideMessage: true });
  const own = registered();
  return () => {
    if (registered() === own) diag.disable();
  };
}

/** Texts and errors by their message; whole exports, which debugging also hands over, are nothing for a line. */
function textOf(part: unknown): string[] {
  if (typeof part === 'string') return [part];
  return isError(part) ? [`${part.name}: ${part.message}`] : [];
}

function registered(): unknown {
  const registry = (globalThis as Record<symbol, unknown>)[Symbol.for('opentelemetry.js.api.1')];
  return (registry as Record<string, unknown> | undefined)?.diag;
}
