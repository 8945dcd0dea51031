// Starts the shop, its load and its console, and has it broken: npm run demo, or with -- --help.
import { setTimeout as wait } from 'node:timers/promises';
import { argumentsOf } from './runner/arguments.mjs';
import { buildOnce } from './runner/build.mjs';
import { Screen } from './runner/screen.mjs';

const refreshMs = 1_000;
const defaultPort = 4318;

const words = (() => {
  try {
    return argumentsOf(process.argv.slice(2), {
      isTerminal: process.stdout.isTTY === true,
      env: process.env,
    });
  } catch (error) {
    console.error(`demo: ${error.message}`);
    process.exit(2);
  }
})();

if (words.command === 'help') process.stdout.write(words.text);
else process.exitCode = await (words.command === 'run' ? run(words) : second(words));

async function second(given) {
  const { secondCommand } = await import('./runner/second-command.mjs');
  try {
    await secondCommand(given);
    return 0;
  } catch (error) {
    console.error(`demo: ${error.message}`);
    return 1;
  }
}

/** @returns the exit code */
async function run({ port = defaultPort, memory, minutes, fault, isTour, isLive }) {
  const screen = new Screen({ isLive });
  const say = (text) => screen.say(text);
  const ending = new AbortController();
  const end = (reason) => {
    // Whoever asks again does not want to wait.
    if (ending.signal.aborted) process.exit(1);
    ending.abort(reason);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => end());

  let shop;
  let actions;
  let control;
  let customers;
  let code = 0;
  try {
    say('golden-signals, the shop: a gateway, four services, a worker and their databases');
    await buildOnce(say);
    // What the build makes is there from here on.
    const [{ Actions }, { Customers }, { FaultControl }, { Shop }, { tour }, { Watch }] = await Promise.all([
      import('./runner/actions.mjs'),
      import('./runner/customers.mjs'),
      import('./runner/faults.mjs'),
      import('./runner/shop.mjs'),
      import('./runner/tour.mjs'),
      import('./runner/watch.mjs'),
    ]);
    ending.signal.throwIfAborted();
    actions = new Actions();
    shop = new Shop({
      say,
      onLost: (lost, how) => say(`${lost.name} ended with ${how}, and is not started again`),
    });
    await unless(ending.signal, shop.start({ port, memory, actionsUrl: await actions.listen() }));

    customers = new Customers(shop.balancers.get('gateway').url).start();
    control = new FaultControl({ shop, customers, say });
    actions.control = control;
    const watch = new Watch(shop.console.url);
    say(`customers order at ${shop.balancers.get('gateway').url}`);
    if (isLive) listenToKeys(control, say, end);
    if (minutes !== undefined) setTimeout(end, minutes * 60_000).unref();
    if (isTour) await tour({ name: fault, control, watch, say, signal: ending.signal });
    else {
      if (fault !== undefined)
        setTimeout(() => control.toggle(fault, true).catch((error) => say(error.message)), 10_000);
      while (!ending.signal.aborted) {
        try {
          const [services, firing] = await Promise.all([watch.services(), watch.firing()]);
          screen.show({ services, firing, customers, control, url: shop.console.url });
        } catch (error) {
          say(`the console could not be asked: ${error.message}`);
        }
        await wait(refreshMs, undefined, { signal: ending.signal });
      }
    }
  } catch (error) {
    if (!ending.signal.aborted) {
      console.error(`demo failed: ${error.message}`);
      code = 1;
    }
  }
  screen.end();
  if (customers !== undefined)
    say(`${customers.sent} requests were sent, ${customers.failed} of them failed; ending`);
  customers?.stop();
  await control?.mendAll();
  actions?.close();
  await shop?.stop();
  if (process.stdin.isTTY) process.stdin.setRawMode?.(false);
  process.stdin.unref?.();
  process.exit(code);
}

/** Rejects as soon as the user wants it to end. */
function unless(signal, promise) {
  promise.catch(() => {});
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('ended')), { once: true });
    promise.then(resolve, reject);
  });
}

function listenToKeys(control, say, end) {
  const { stdin } = process;
  if (!stdin.isTTY) return;
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.on('data', (keys) => {
    for (const key of keys) {
      if (key === 'q' || key === '\u0003') end();
      control.toggleByKey(key)?.catch((error) => say(error.message));
    }
  });
}
