import type { Faults } from '../core/faults.js';
import { RUNTIME } from '../core/runtime.js';
import { observeConnections } from './destination.js';
import { wrapGlobalFetch } from './fetch/global-fetch.js';
import { throughPipeline } from './fetch/runtime-fetch.js';
import { observeHttpClients } from './http/client.js';
import { OutboundRouter } from './outbound-router.js';
import { UndiciClients } from './undici/client.js';

/** Which service a call of this process belongs to. */
const router = new OutboundRouter();
let isInstalled = false;

/** Observes the HTTP clients of the process, once; with no service in the router they do nothing. */
export function observeClients(faults: Faults): OutboundRouter {
  if (!isInstalled) {
    isInstalled = true;
    observeConnections(faults);
    observeHttpClients(router, faults);
    const undici = new UndiciClients(router, faults);
    wrapGlobalFetch(
      () => {
        undici.listenLast();
        undici.lookForCopies();
      },
      () => router.mayRepeat,
      (error) => faults.caught('client.fetch', error),
      // Node's is undici, and is seen there.
      (fetch) => (RUNTIME.name === 'nodejs' ? fetch : throughPipeline(fetch, router, faults)),
    );
  }
  return router;
}
