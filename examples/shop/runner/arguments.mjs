import { parseArgs } from 'node:util';
import { FAULTS } from './faults.mjs';

const names = FAULTS.map(({ name }) => name);

const HELP = `npm run demo                      the shop, its load and its console, until Ctrl-C
npm run demo -- break NAME        breaks something in the shop that runs, from another terminal
npm run demo -- mend NAME         mends it
npm run demo -- faults            lists what can be broken, and what is

  --port N        the console's port (4318); the next one where it is taken
  --memory SIZE   what the console keeps (256MiB)
  --headless      lines instead of the live block, and no keys
  --minutes N     ends by itself
  --fault NAME    breaks this as soon as all is healthy
  --tour          shows one fault from end to end, and ends: healthy, broken, alert with its trace, mended, resolved
  --help

Where standard output is no terminal, or CI is set, and neither --headless nor --minutes is given, it is the tour (some 90 s).
With DATABASE_URL it uses that PostgreSQL, in the schema shop, and starts none.

Faults:
${FAULTS.map(({ key, name, title, expect }) => `  ${key}  ${name.padEnd(16)} ${title}.\n                      To be seen: ${expect}.`).join('\n')}
`;

/** What was typed, checked. Throws with what is wrong and what is right. */
export function argumentsOf(words, { isTerminal, env }) {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: {
      port: { type: 'string' },
      memory: { type: 'string' },
      headless: { type: 'boolean', default: false },
      minutes: { type: 'string' },
      fault: { type: 'string' },
      tour: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return { command: 'help', text: HELP };
  const port = numberOf('--port', values.port, 65_535);
  const minutes = numberOf('--minutes', values.minutes, 100_000);
  const [command = 'run', name] = positionals;
  if (!['run', 'break', 'mend', 'faults'].includes(command))
    throw new Error(
      `${command} is unknown; known are break, mend, faults, and no word at all to run the shop`,
    );
  const fault = command === 'run' ? values.fault : name;
  if (fault === undefined && (command === 'break' || command === 'mend'))
    throw new Error(`${command} takes the name of a fault: ${names.join(', ')}`);
  if (fault !== undefined && !names.includes(fault))
    throw new Error(`there is no fault ${fault}; there are ${names.join(', ')}`);
  const isUnattended = !isTerminal || env.CI !== undefined;
  const isTour = values.tour || (isUnattended && !values.headless && minutes === undefined);
  const { memory } = values;
  return { command, port, memory, minutes, fault, isTour, isLive: isTerminal && !values.headless && !isTour };
}

function numberOf(flag, text, max) {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!(number > 0 && number <= max))
    throw new Error(`${flag} takes a number above 0, up to ${max}; got ${text}`);
  return number;
}
