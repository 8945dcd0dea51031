import { expect, test } from 'vitest';
import { matchProbe } from '../../src/health/match.js';
import { resolveHealth } from '../../src/health/options.js';

const config = resolveHealth({ aliases: true });
const match = (path: string | undefined, method: string | undefined = 'GET') =>
  matchProbe(config, method, path, (group) => group === 'storage');

test.each([
  ['/health', 'health', undefined],
  ['/health/', 'health', undefined],
  ['/health?verbose', 'health', undefined],
  ['/health/?a=/b', 'health', undefined],
  ['/health/live', 'live', undefined],
  ['/health/ready/', 'ready', undefined],
  ['/health/startup?x', 'startup', undefined],
  ['/livez', 'live', undefined],
  ['/health/storage', 'health', 'storage'],
  ['/health/storage/?x', 'health', 'storage'],
])('%s asks for %s, group %s', (path, probe, group) => {
  expect(match(path)).toEqual({ probe, group });
  expect(match(path, 'HEAD')).toEqual({ probe, group });
});

test.each([
  '/',
  '',
  '//',
  '/healthy',
  '/health//',
  '/health/other',
  '/health-storage',
  '/health/storage/x',
  '/Health',
  '/api/health',
  '/%68ealth',
  '*',
  undefined,
])('%s is the application’s', (path) => {
  expect(match(path)).toBeUndefined();
});

test.each(['POST', 'OPTIONS', 'get', 'PUT', undefined])('method %s is the application’s', (method) => {
  expect(matchProbe(config, method, '/health', () => true)).toBeUndefined();
});
