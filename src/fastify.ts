import type { Options } from './service/options.js';
import { sharedRegistry } from './service/registry.js';

interface FastifyLike {
  addHook(name: 'onClose', hook: (instance: unknown) => Promise<void>): unknown;
}

/** How long the instance's close() waits for the collector, in milliseconds. */
const flushMs = 1_500;

/**
 * instrument() as a fastify plugin: `fastify.register(fastifySignals, options)`. It belongs to the whole instance, whatever it is
 * registered in, and exports what is waiting when the instance closes, which takes 1.5 s at most.
 *
 * @throws GoldenSignalsError `ERR_GS_OPTION`
 */
export const fastifySignals = Object.assign(
  // Not an optional parameter: fastify's types would then take any options, misspelt ones too. fastify itself always gives some.
  async (fastify: FastifyLike, options: Options): Promise<void> => {
    const isGiven = options !== undefined && Object.keys(options).length > 0;
    const signals = sharedRegistry().instrument(fastify, isGiven ? options : undefined);
    fastify.addHook('onClose', () => signals.flush(flushMs));
  },
  {
    // What fastify-plugin sets: no encapsulation, a name, and the versions that it takes.
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'golden-signals',
    [Symbol.for('plugin-meta')]: { name: 'golden-signals', fastify: '4.x || 5.x' },
  },
);
