import { express } from './express/express.js';
import { fastify } from './fastify/fastify.js';
import type { Framework } from './framework.js';
import { hono } from './hono/hono.js';
import { koa } from './koa/koa.js';

/** The one list of them. */
const frameworks = [express, fastify, koa, hono] as readonly Framework[];

interface NestApp {
  getHttpAdapter(): { getInstance(): unknown };
  getHttpServer(): object;
}

/** Which framework an application is of; undefined for anything else. */
export function frameworkOf(app: unknown): Framework | undefined {
  return frameworks.find((framework) => framework.is(app));
}

/** NestJS, which is a shell around an application of express or fastify. */
export function isNest(app: unknown): app is NestApp {
  const { getHttpAdapter, getHttpServer } = (app ?? {}) as Partial<Record<keyof NestApp, unknown>>;
  return typeof getHttpAdapter === 'function' && typeof getHttpServer === 'function';
}

/** The application that answers: what stands behind a shell, else itself. */
export function innermost(app: unknown): unknown {
  return isNest(app) ? innermost(app.getHttpAdapter().getInstance()) : app;
}
