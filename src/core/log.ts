/** The levels of OTEL_LOG_LEVEL, least to most talkative. */
export const LOG_LEVELS = ['none', 'error', 'warn', 'info', 'debug', 'verbose', 'all'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where the library itself speaks: few lines, each said once. */
export interface Log {
  warn(message: string): void;
  info(message: string): void;
  /** Warns the first time it is called with this key, and is silent afterwards. */
  warnOnce(key: string, message: string): void;
}

const maxKeys = 1_000;

/** Writes lines of at least the given level; `write` gets a line without its line end. */
export function createLog(level: LogLevel, write: (line: string) => void): Log {
  const allowed = LOG_LEVELS.indexOf(level);
  const said = new Set<string>();
  const line = (name: LogLevel, message: string) => {
    if (LOG_LEVELS.indexOf(name) <= allowed) write(`golden-signals ${name}: ${message}`);
  };
  return {
    warn: (message) => line('warn', message),
    info: (message) => line('info', message),
    warnOnce(key, message) {
      if (said.has(key) || said.size >= maxKeys) return;
      said.add(key);
      line('warn', message);
    },
  };
}
