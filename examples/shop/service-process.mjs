import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const limitMs = 15_000;

/** Starts a service of this folder in a process of its own, on a free port, and waits until it answers. */
export async function startService(name, env) {
  // What the shell has set for OpenTelemetry would take the telemetry elsewhere.
  const inherited = Object.entries(process.env).filter(([variable]) => !variable.startsWith('OTEL_'));
  const child = fork(fileURLToPath(new URL(`${name}.mjs`, import.meta.url)), {
    env: { ...Object.fromEntries(inherited), ...env, PORT: '0' },
  });
  process.once('exit', () => child.kill());
  const exited = once(child, 'exit');

  const [{ port }] = await within(
    `${name} to listen`,
    Promise.race([
      once(child, 'message'),
      exited.then(([code]) => Promise.reject(new Error(`${name} ended with exit code ${code}`))),
    ]),
  );
  const url = `http://127.0.0.1:${port}`;
  const response = await fetch(`${url}/ready`, { signal: AbortSignal.timeout(limitMs) });
  if (!response.ok) throw new Error(`${name} is not ready: status ${response.status}`);

  return {
    url,
    /** Resolves when it has exported its telemetry and ended. */
    async stop() {
      if (child.connected) child.send('stop');
      const [code, signal] = await within(`${name} to stop`, exited);
      if (code !== 0) throw new Error(`${name} ended with ${signal ?? `exit code ${code}`}`);
    },
  };
}

async function within(what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${limitMs} ms for ${what}`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
