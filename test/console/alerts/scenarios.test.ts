import { describe, expect, test } from 'vitest';
import { trials } from '../../external/support/trials.js';
import { expected, judge } from './support/replay.js';

const scenarios = Object.entries(trials).flatMap(([group, trial]) =>
  trial.scenarios.map((scenario) => [group, scenario.name, trial, scenario] as const),
);

describe('every scenario of the rules, replayed through the engine', () => {
  test.each(scenarios)(
    'gives the alerts that promtool gives: %s, %s',
    async (_group, _name, trial, scenario) => {
      expect(await judge(trial, scenario)).toEqual(expected(scenario));
    },
  );
});
