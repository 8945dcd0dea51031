import type { Command } from './command.js';
import { assertFlags, runAssert } from './console/assert.js';
import { runExport, runImport } from './console/carry.js';
import { serve, serveFlags } from './console/serve.js';
import { ruleFlags } from './rule-flags.js';
import { UsageError } from './usage-error.js';

const actions = { assert: runAssert, export: runExport, import: runImport } as const;

export const consoleCommand: Command = {
  name: 'console',
  summary: 'take in telemetry on this machine, and show it; or judge what one has taken in',
  operands: '[assert|export|import] [-- command]',
  maxOperands: 2,
  takesCommand: true,
  flags: { ...serveFlags, ...assertFlags, ...ruleFlags },
  notes: [
    'golden-signals console                         until it is ended; nothing is written to disk',
    'golden-signals console -- npm test             as long as a command runs, with its environment set',
    'golden-signals console assert --service order --p99 300ms --errors 1% -- npm test',
    'golden-signals console export > run.ndjson     what a console holds, as OTLP JSON',
    'golden-signals console import run.ndjson       into one that runs',
    '',
    'assert, export and import ask the console of --url, of GOLDEN_SIGNALS_CONSOLE, or on port 4318.',
  ],
  run(given, terminal) {
    const [action] = given.positionals;
    if (action === undefined) return serve(given, terminal);
    if (!Object.hasOwn(actions, action))
      throw new UsageError(
        `${action} is unknown: known are assert, export, import; a command stands behind --`,
      );
    return actions[action as keyof typeof actions](given, terminal);
  },
};
