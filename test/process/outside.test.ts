import { describe, expect, test } from 'vitest';
import { createEnvironment } from '../../src/core/environment.js';
import { outsideOf } from '../../src/process/outside.js';
import { fakeFiles } from './support/fake-files.js';

const outside = (variables: Record<string, string>, files: Record<string, string> = {}) =>
  outsideOf(
    createEnvironment(variables, () => {}),
    fakeFiles(files),
    20,
  );

/** What Linux says of a parent, and of its parent, the first one. */
const parents = (command: string, above = '/sbin/init') => ({
  '/proc/20/cmdline': `${command.replaceAll(' ', '\0')}\0`,
  '/proc/20/stat': '20 (node) x) S 10 20 20 0',
  '/proc/10/cmdline': `${above.replaceAll(' ', '\0')}\0`,
  '/proc/10/stat': '10 (sh) S 0 10 10 0',
});

describe('what is outside of the process', () => {
  test('is Kubernetes where that says so, whatever was started there', () => {
    expect(outside({ KUBERNETES_SERVICE_HOST: '10.0.0.1', WATCH_REPORT_DEPENDENCIES: '1' })).toBe(
      'kubernetes',
    );
  });

  test.each<[string, Record<string, string>]>([
    ['node --watch', { WATCH_REPORT_DEPENDENCIES: '1' }],
    ['npm run dev', { npm_lifecycle_event: 'dev' }],
    ['pnpm start:dev', { npm_lifecycle_event: 'start:dev' }],
    ['npm start with nodemon', { npm_lifecycle_event: 'start', npm_lifecycle_script: 'nodemon src/app.js' }],
    ['npm start with tsx', { npm_lifecycle_script: 'NODE_ENV=x tsx watch src/app.ts' }],
    ['npm start with Nest', { npm_lifecycle_script: 'nest start --watch' }],
  ])('is a watcher behind %s', (_what, variables) => {
    expect(outside(variables)).toBe('watcher');
  });

  test.each([
    ['/usr/bin/node /app/node_modules/.bin/nodemon app.js', '/bin/bash'],
    ['sh -c node app.js', 'node /app/node_modules/nodemon/bin/nodemon.js'],
    ['node /app/node_modules/tsx/dist/cli.mjs watch app.ts', '/bin/bash'],
    ['node --watch-path=src app.js', '/bin/bash'],
  ])('is a watcher below %s', (command, above) => {
    expect(outside({}, parents(command, above))).toBe('watcher');
  });

  test.each<[string, Record<string, string>]>([
    ['npm start', { npm_lifecycle_event: 'start', npm_lifecycle_script: 'node app.js' }],
    [
      'a script that only sounds so',
      { npm_lifecycle_event: 'device', npm_lifecycle_script: 'node watch.js' },
    ],
  ])('is unknown behind %s', (_what, variables) => {
    expect(outside(variables, parents('npm start', 'docker-init'))).toBe('unknown');
  });

  test('is unknown below a shell, tsx without watch, or where nothing can be read', () => {
    expect(outside({}, parents('/bin/sh -c node app.js'))).toBe('unknown');
    expect(outside({}, parents('node /app/node_modules/tsx/dist/cli.mjs app.ts'))).toBe('unknown');
    expect(outside({})).toBe('unknown');
  });
});
