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
    take: (observation) => ({
      ...observation,
      stderr: observation.stderr.replace(/^golden-signals (error|warn|info): .*\n/gm, ''),
    }),
  },
];

const nameOf = (line) => line.slice(0, line.indexOf(':')).toLowerCase();

/** Single places: `where` is the situation and the path, `fits` says what the difference is. */
export const explained = [];
