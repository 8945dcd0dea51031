import { createRequire } from 'node:module';

/** Brings in a package, or a package of a package. */
type Step = () => unknown;

/**
 * Loads packages one after another, giving the event loop a turn between them: a service that is already under load must not stand
 * still for the whole of what its first export needs.
 */
export async function loadInSteps(steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    step();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** What the official serializers of OTLP are made of, in the order in which one needs the other. */
export const otlpSteps: readonly Step[] = [
  () => require('@opentelemetry/core'),
  () => require('@opentelemetry/resources'),
  () => require('@opentelemetry/sdk-metrics'),
  ...['@opentelemetry/sdk-trace', '@opentelemetry/api-logs', '@opentelemetry/sdk-logs'].map(
    // They are the transformer's own: a package manager that keeps dependencies apart shows them to nobody else.
    (name) => () => createRequire(require.resolve('@opentelemetry/otlp-transformer'))(name),
  ),
  () => require('@opentelemetry/otlp-transformer'),
];
