import { counter, type Expectation, type Scenario } from './promtool.js';

const count = 'http_server_request_duration_seconds_count';
const bucket = 'http_server_request_duration_seconds_bucket';
/** Requests a minute, so that shares of 1/10,000 are exact as rates a second. */
const perMinute = 600_000;
const minutesPerHour = 60;

interface Phase {
  readonly minutes: number;
  /** Requests a minute that are bad, and all. */
  readonly bad: number;
  readonly all?: number;
}

/** What makes the same scenarios of both objectives. */
interface Objective {
  readonly alert: string;
  /** Bad requests of 10,000 that use up the budget at rate 1. */
  readonly budget: number;
  series(job: string, phases: readonly Phase[]): Readonly<Record<string, string>>;
}

const part = (phases: readonly Phase[], of: (phase: Required<Phase>) => number) =>
  counter(
    ...phases.map(({ minutes, bad, all = perMinute }) => [minutes, of({ minutes, bad, all })] as const),
  );

const availability: Objective = {
  alert: 'SloBurnAvailability',
  budget: 10,
  series: (job, phases) => ({
    [`${count}{job="${job}",http_response_status_code="200"}`]: part(phases, ({ all, bad }) => all - bad),
    [`${count}{job="${job}",http_response_status_code="500"}`]: part(phases, ({ bad }) => bad),
    [`${count}{job="${job}",http_response_status_code="503",http_route="/health"}`]: part(
      phases,
      ({ all }) => all,
    ),
    [`${bucket}{job="${job}",le="0.5"}`]: part(phases, ({ all }) => all),
  }),
};

const latency: Objective = {
  alert: 'SloBurnLatency',
  budget: 100,
  series: (job, phases) => ({
    [`${count}{job="${job}",http_response_status_code="200"}`]: part(phases, ({ all }) => all),
    [`${bucket}{job="${job}",le="0.5"}`]: part(phases, ({ all, bad }) => all - bad),
    [`${bucket}{job="${job}",le="1"}`]: part(phases, ({ all }) => all),
    [`${bucket}{job="${job}",le="0.5",http_route="/health"}`]: part(phases, ({ all }) => all),
    [`${count}{job="${job}",http_route="/health"}`]: part(phases, ({ all }) => all),
  }),
};

type Window = '1h' | '6h' | '1d' | '3d';

function burns(
  at: string,
  { alert }: Objective,
  firing: Readonly<Record<string, readonly Window[]>>,
): Expectation {
  const gives = Object.entries(firing).flatMap(([job, windows]) =>
    windows.map((window) => ({ labels: `{job="${job}",long_window="${window}"}`, value: 1 })),
  );
  return {
    at,
    query: `count by (job, long_window) (ALERTS{alertname="${alert}",alertstate="firing"})`,
    gives,
  };
}

/** So many times the budget a minute. */
const rate = ({ budget }: Objective, factor: number) => Math.round((perMinute / 10_000) * budget * factor);

/** Burning from the start, at each threshold and just above it. Each row begins when its short window has passed once. */
function steady(objective: Objective): Scenario {
  const at = (factor: number): Phase => ({ minutes: 7 * minutesPerHour, bad: rate(objective, factor) });
  const jobs = {
    at14: 14.4,
    over14: 14.5,
    at6: 6,
    over6: 6.1,
    at3: 3,
    over3: 3.1,
    at1: 1,
    over1: 1.1,
    well: 0,
  };
  return {
    name: `${objective.alert} at each threshold`,
    interval: '1m',
    series: Object.assign(
      {},
      ...Object.entries(jobs).map(([job, factor]) => objective.series(job, [at(factor)])),
    ),
    expects: [
      burns('5m', objective, {}),
      burns('10m', objective, { over14: ['1h'] }),
      burns('25m', objective, { over14: ['1h'] }),
      burns('40m', objective, { at14: ['6h'], over14: ['1h', '6h'], over6: ['6h'] }),
      burns('110m', objective, { at14: ['6h'], over14: ['1h', '6h'], over6: ['6h'] }),
      burns('130m', objective, {
        at14: ['6h', '1d'],
        over14: ['1h', '6h', '1d'],
        at6: ['1d'],
        over6: ['6h', '1d'],
        over3: ['1d'],
      }),
      burns('355m', objective, {
        at14: ['6h', '1d'],
        over14: ['1h', '6h', '1d'],
        at6: ['1d'],
        over6: ['6h', '1d'],
        over3: ['1d'],
      }),
      burns('380m', objective, {
        at14: ['6h', '1d', '3d'],
        over14: ['1h', '6h', '1d', '3d'],
        at6: ['1d', '3d'],
        over6: ['6h', '1d', '3d'],
        at3: ['3d'],
        over3: ['1d', '3d'],
        over1: ['3d'],
      }),
    ],
  };
}

/** After good hours: the short window is bad, the long one not yet. */
function begun(objective: Objective): Scenario {
  const good: Phase = { minutes: 9 * minutesPerHour, bad: 0 };
  const bad = (minutes: number, factor: number): Phase[] => [
    good,
    { minutes, bad: rate(objective, factor) },
    // The others end when the longest has.
    { minutes: 130 - minutes + 1, bad: 0 },
  ];
  return {
    name: `${objective.alert} while only the short window is bad`,
    interval: '1m',
    series: {
      ...objective.series('row1', bad(10, 40)),
      ...objective.series('row2', bad(35, 10)),
      ...objective.series('row3', bad(130, 4)),
    },
    expects: [burns('550m', objective, {}), burns('575m', objective, {}), burns('665m', objective, {})],
  };
}

/** The long window is still bad, the short one no longer: nobody is called for what is over. */
function recovered(objective: Objective): Scenario {
  const over = (hours: number, factor: number): Phase[] => [
    { minutes: hours * minutesPerHour, bad: rate(objective, factor) },
    { minutes: (15 - hours) * minutesPerHour, bad: 0 },
  ];
  return {
    name: `${objective.alert} after recovery`,
    interval: '1m',
    series: {
      ...objective.series('row1', over(2, 40)),
      ...objective.series('row2', over(6, 10)),
      ...objective.series('row3', over(8, 4)),
      ...objective.series('row4', over(8, 2)),
    },
    expects: [
      { ...burns('120m', objective, { row1: ['1h'] }), query: onlyOf(objective, 'row1', '1h') },
      { ...burns('130m', objective, {}), query: onlyOf(objective, 'row1', '1h') },
      { ...burns('360m', objective, { row2: ['6h'] }), query: onlyOf(objective, 'row2', '6h') },
      { ...burns('395m', objective, {}), query: onlyOf(objective, 'row2', '6h') },
      { ...burns('480m', objective, { row3: ['1d'] }), query: onlyOf(objective, 'row3', '1d') },
      { ...burns('605m', objective, {}), query: onlyOf(objective, 'row3', '1d') },
      { ...burns('480m', objective, { row4: ['3d'] }), query: onlyOf(objective, 'row4', '3d') },
      { ...burns('845m', objective, {}), query: onlyOf(objective, 'row4', '3d') },
    ],
  };
}

const onlyOf = ({ alert }: Objective, job: string, window: Window) =>
  `count by (job, long_window) (ALERTS{alertname="${alert}",alertstate="firing",job="${job}",long_window="${window}"})`;

/** Next to no traffic: four bad requests are an accident, six are not. */
function seldom(objective: Objective): Scenario {
  const few = (bad: number): Phase[] => [
    { minutes: 401, bad: 0, all: 0 },
    { minutes: bad, bad: 1, all: 1 },
    { minutes: 20, bad: 0, all: 0 },
  ];
  return {
    name: `${objective.alert} with little traffic`,
    interval: '1m',
    series: { ...objective.series('four', few(4)), ...objective.series('six', few(6)) },
    expects: [burns('405m', objective, {}), burns('410m', objective, { six: ['1h', '6h', '1d', '3d'] })],
  };
}

const shapes = [steady, begun, recovered, seldom];

export const availabilityScenarios: readonly Scenario[] = shapes.map((shape) => shape(availability));
export const latencyScenarios: readonly Scenario[] = shapes.map((shape) => shape(latency));
