// A rolling restart under load: what each way of ending loses. README.md says how to run it.
import { parseArgs } from 'node:util';
import { cleanEnv, describeMachine } from '../environment.mjs';
import { findOurs } from '../ours.mjs';
import { table } from '../table.mjs';
import { rollingRestart } from './rolling.mjs';

const { values: given } = parseArgs({
  options: {
    frameworks: { type: 'string', default: 'express,fastify' },
    variants: { type: 'string', default: 'plain,close,terminus,terminus-delay,ours' },
    clients: { type: 'string', default: '20' },
    rate: { type: 'string', default: '300' },
    'remove-after': { type: 'string', default: '1500' },
    ours: { type: 'string' },
    markdown: { type: 'boolean', default: false },
  },
});

const ours = findOurs(given.ours);
const load = {
  clients: Number(given.clients),
  perSecond: Number(given.rate),
  removeAfterMs: Number(given['remove-after']),
};
// The pod's own surroundings: this is what golden-signals' delay hangs on.
const env = cleanEnv({ NODE_ENV: 'production', KUBERNETES_SERVICE_HOST: '10.0.0.1', BENCH_OURS: ours ?? '' });

const results = [];
for (const framework of given.frameworks.split(',')) {
  for (const variant of given.variants.split(',')) {
    if (variant === 'ours' && ours === undefined) {
      console.error('ours is left out: run npm run build first');
      continue;
    }
    const result = await rollingRestart({ framework, variant, env, ...load });
    results.push(result);
    console.error(
      `${framework} ${variant}: ${result.failed} of ${result.sent} failed ${JSON.stringify(result.failures)}`,
    );
  }
}

const cells = ({ framework, variant, sent, failed, failures, exits }) => {
  const sum = (field) => exits.reduce((total, exit) => total + exit[field], 0);
  return [
    `${framework} ${variant}`,
    String(sent),
    String(failed),
    Object.entries(failures)
      .map(([code, count]) => `${count} ${code}`)
      .join(', '),
    exits.map(({ code, signal }) => signal ?? code).join(', '),
    exits.map(({ afterMs }) => `${(afterMs / 1_000).toFixed(1)} s`).join(', '),
    variant === 'ours' ? `${sum('endingMissingSpans')} of ${sum('endingAnswers')}` : '',
    variant === 'ours' ? `${sum('missingSpans')} of ${sum('answered')}` : '',
  ];
};
const head = ['', 'requests', 'failed', 'how', 'exit', 'after', 'spans lost, last second', 'spans lost'];
console.log(`${describeMachine()}; ${load.clients} clients, ${load.perSecond} requests/s\n`);
console.log(table(head, results.map(cells), { isMarkdown: given.markdown }));

if (
  results.some(
    ({ variant, failed, exits }) =>
      variant === 'ours' && (failed > 0 || exits.some((exit) => exit.missingSpans > 0)),
  )
) {
  console.error('golden-signals lost a request or a span');
  process.exitCode = 1;
}

// Node 20 spins for ever while it cleans up after a socket that was reset in the middle of its shutdown, as the balancer's may be.
process.exit();
