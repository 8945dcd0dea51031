import { createRequire } from 'node:module';
import { watchForServer } from './server/first-server.js';

/**
 * For `node --import golden-signals/register server.js` (and `--require`): instruments every HTTP server that the process opens,
 * configured by the environment alone. With NODE_OPTIONS it is in npm, in nodemon and in every script besides: a process is a service
 * once it listens, and until then nothing of it is loaded but this.
 */
watchForServer((seen) => {
  const { instrumentEveryServer } = createRequire(__filename)('./shared/every-server.js') as Pick<
    typeof import('./service/every-server.js'),
    'instrumentEveryServer'
  >;
  instrumentEveryServer(seen);
});
