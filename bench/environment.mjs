import { cpus } from 'node:os';

/** Where the numbers come from, in one line: they hold for this machine and this Node version only. */
export function describeMachine() {
  const cores = cpus();
  return `Node ${process.version}, ${process.platform} ${process.arch}, ${cores.length} x ${cores[0]?.model.trim() ?? 'unknown CPU'}`;
}

/** The environment without what would change a measured process (OTEL_*, NODE_*), plus `extra`. */
export function cleanEnv(extra = {}) {
  const kept = Object.entries(process.env).filter(([name]) => !/^(OTEL|NODE)_/.test(name));
  return { ...Object.fromEntries(kept), ...extra };
}
