// What may differ between a bare run and an instrumented one, each with its reason. An entry that no run needs is an error.

const traceHeader = /^(traceparent|tracestate|baggage): /i;

/** What the library adds by design. It is taken out of what the instrumented run showed; all else has to be equal. */
export const additions = [
  {
    name: 'trace context in outgoing calls',
    reason:
      'docs/calls.md: a call carries traceparent, and tracestate and baggage if they came in; none replaces one of the caller.',
    take: (observation, bare) => ({
      ...observation,
      upstream: observation.upstream?.map((request, nth) => {
        const own = bare.upstream?.[nth]?.headers ?? [];
        const isAdded = (line) =>
          traceHeader.test(line) && !own.some((other) => nameOf(other) === nameOf(line));
        return { ...request, headers: request.headers.filter((line) => !isAdded(line)) };
      }),
    }),
  },
  {
    name: 'lines of the library on standard error',
    reason:
      'docs/environment.md: what the library says begins with its name and a level; OTEL_LOG_LEVEL=none silences it.',
    take: (observation, _bare, name) => ({
      ...observation,
      stderr: withoutLines(observation.stderr),
      // The runner of node:test prints what its tests write to either.
      stdout: name === 'tools/node-test' ? withoutLines(observation.stdout) : observation.stdout,
    }),
  },
];

const withoutLines = (text) => text.replace(/^golden-signals (error|warn|info): .*\n/gm, '');

const nameOf = (line) => line.slice(0, line.indexOf(':')).toLowerCase();

/** Whether the instrumented list is the bare one and these names, or without them where it is of what is inherited. */
const only =
  (...names) =>
  ({ bare, instrumented }) =>
    Array.isArray(bare) &&
    Array.isArray(instrumented) &&
    [
      ...bare.filter((name) => !instrumented.includes(name)),
      ...instrumented.filter((name) => !bare.includes(name)),
    ].every((name) => names.includes(name));

/** Single places: `where` is the situation and the path, `fits` says what the difference is. */
export const explained = [
  {
    where:
      /: (server|request|response|raw|parts|incoming|shape of a re(quest|sponse))(\.\d)?\.(inherited|prototypes\.\d\.own)$/,
    fits: only('emit', 'push'),
    reason:
      'README, How it works: the hooks of `http` are methods of its classes, on their prototypes; a class that inherited one has it itself.',
  },
  {
    where: /^(fastify\/plain: request|koa\/plain: parts\.0)\.prototypes\.\d\.own$/,
    fits: only('raw', 'path'),
    reason:
      'The framework tells of a route by no other way: one accessor stands on a class of its own, not on a request.',
  },
  {
    where: /^clients\/undici: \d: client\.prototypes\.0\.own$/,
    fits: only('Symbol(golden-signals.leaf)'),
    reason:
      'A patched prototype carries a mark, a symbol, so that a second copy of the package does not patch it again.',
  },
  {
    where: /^node\/plain: socket$/,
    fits: only('_peername'),
    reason:
      'Node keeps what `socket.remoteAddress` gave under this name; the address is an attribute of the span.',
  },
  {
    where: /^node\/registered: process\.listeners$/,
    fits: only('uncaughtExceptionMonitor', 'uncaughtException', 'beforeExit', 'exit'),
    reason:
      'docs/shutdown.md: an exception that is not caught ends the service in order, so there is a listener for it.',
  },
  {
    where: /^life\/(uncaught|uncaught-script|unhandled-rejection): stderr$/,
    fits: ({ bare, instrumented }) => {
      const shown = instrumented.replace(/\n {4}at process\.callbackTrampoline .*?(?=\n| \{)/, '').trim();
      return shown !== '' && bare.includes(shown);
    },
    reason:
      'docs/shutdown.md: the exception is printed, but without the line of source that Node shows above it and its version below (on Node 20 with the frame that any AsyncLocalStorage adds): the process ends some seconds later, when what waits is sent.',
  },
  {
    where: /^life\/sigterm-default: (events|exit\.code|exit\.signal)$/,
    fits: ({ path, instrumented }) =>
      path === 'events'
        ? instrumented.at(-1) === 'exit 0'
        : instrumented === (path === 'exit.code' ? 0 : null),
    reason: 'docs/shutdown.md: without a handler of its own, a service drains on SIGTERM and ends with 0.',
  },
];
