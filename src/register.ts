import { sharedRegistry } from './registry.js';

/**
 * For `node --import golden-signals/register server.js` (and `--require`): instruments every HTTP server that the process opens,
 * configured by the environment alone.
 */
sharedRegistry().instrumentEveryServer();
