import { Agent } from 'node:http';
import express from 'express';
import { Hono } from 'hono';
import { expect, onTestFinished, test } from 'vitest';
import { instrument } from '../../src/index.js';

const told = (functions: Record<string, unknown>) =>
  Object.entries(functions).map(([key, fn]) => [key, (fn as () => void).name, (fn as () => void).length]);

test('what replaces a function of an application, or of an agent, has its name and its number of parameters', async () => {
  const agent = Agent.prototype as unknown as Record<string, unknown>;
  const functionsOf = (app: express.Express, hono: Hono) => {
    const { handle } = app as unknown as { handle: unknown };
    return told({ handle, fetch: hono.fetch, getPath: hono.getPath, addRequest: agent.addRequest });
  };
  const before = functionsOf(express(), new Hono());
  const [app, hono] = [express(), new Hono()];
  const options = { shutdown: false, heartbeat: false } as const;
  const handles = [instrument(app, options), instrument(hono)];
  onTestFinished(async () => {
    for (const signals of handles) await signals.shutdown();
  });
  expect(functionsOf(app, hono)).toEqual(before);
});
