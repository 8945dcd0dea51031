import type { Binding } from './binding.js';

export type FrameworkName = 'nest' | 'fastify' | 'express' | 'koa' | 'hono' | 'http';

/** How a framework makes an application. */
export interface AppMaker {
  readonly framework: FrameworkName;
  readonly packages: readonly string[];
  /** The expression that makes one, as a pattern for masked code, up to its opening parenthesis; by the name that a file has for it. */
  callee(binding: Binding): string | undefined;
  /** What a user reads where no certain place is found. */
  readonly example: string;
}

const asIs = ({ imported, local }: Binding) =>
  imported === 'default' || imported === '*' ? name(local) : undefined;

/** The one that is found first counts: a Nest application stands on express or fastify, and all of them on `http`. */
export const appMakers: readonly AppMaker[] = [
  {
    framework: 'nest',
    packages: ['@nestjs/core'],
    callee: (binding) => member(binding, 'NestFactory', (factory) => `await\\s+${factory}\\.create`),
    example: 'const app = await NestFactory.create(AppModule);',
  },
  {
    framework: 'fastify',
    packages: ['fastify'],
    callee: (binding) =>
      binding.imported === 'fastify'
        ? name(binding.local)
        : asIs(binding) && `${name(binding.local)}(?:\\.(?:fastify|default))?`,
    example: 'const app = fastify();',
  },
  { framework: 'express', packages: ['express'], callee: asIs, example: 'const app = express();' },
  {
    framework: 'koa',
    packages: ['koa'],
    callee: (binding) => {
      const local = asIs(binding);
      return local && `new\\s+${local}`;
    },
    example: 'const app = new Koa();',
  },
  {
    framework: 'hono',
    packages: ['hono'],
    callee: (binding) => member(binding, 'Hono', (made) => `new\\s+${made}`),
    example: 'const app = new Hono();',
  },
  {
    framework: 'http',
    packages: ['http', 'https', 'http2'].flatMap((module) => [module, `node:${module}`]),
    callee: (binding) =>
      /^create(?:Secure)?Server$/.test(binding.imported)
        ? name(binding.local)
        : asIs(binding) && `${name(binding.local)}\\.create(?:Secure)?Server`,
    example: 'const app = http.createServer(listener);',
  },
];

function name(local: string): string {
  return local.replaceAll('$', '\\$');
}

/** An export of a package, by its own name or as a property of the whole. */
function member(binding: Binding, exported: string, pattern: (name: string) => string): string | undefined {
  if (binding.imported === exported) return pattern(name(binding.local));
  return asIs(binding) && pattern(`${name(binding.local)}\\.${exported}`);
}
