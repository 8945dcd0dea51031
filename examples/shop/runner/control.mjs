// Loaded into each service by the runner, before the service itself: the runner breaks it from here, and the service knows nothing of it.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** As a proxy that removes headers it does not know. */
function strip({ request }) {
  delete request.headers.traceparent;
  delete request.headers.tracestate;
}

/** Half of each second the event loop stands still, as with JSON of 100 MB or a regular expression that backtracks. */
function block() {
  const until = performance.now() + 500;
  while (performance.now() < until);
}

let blocking;
const faults = {
  strip: (isActive) => (isActive ? subscribe : unsubscribe)('http.server.request.start', strip),
  block(isActive) {
    clearInterval(blocking);
    if (isActive) blocking = setInterval(block, 1_000).unref();
  },
};

process.on('message', ({ fault, isActive }) => faults[fault](isActive));
// The runner is gone.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.channel.unref();
