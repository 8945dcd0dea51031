// One server process. run.mjs passes the file of the variant as the only argument.
const { monitorEventLoopDelay } = require('node:perf_hooks');

const started = require(process.argv[2]).start();
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
let cpu = process.cpuUsage();

const commands = {
  listening: () => started,
  /** Begins a measurement. */
  reset() {
    global.gc?.();
    delay.reset();
    cpu = process.cpuUsage();
  },
  /** What the process has done since: CPU of all its threads, and for how long its event loop stood still at most. */
  measured() {
    const { user, system } = process.cpuUsage(cpu);
    return { cpuMs: (user + system) / 1_000, heldMs: delay.max / 1e6 };
  },
};

process.on('message', async ({ id, command }) => {
  process.send({ id, value: await commands[command]() });
});
process.on('disconnect', () => process.exit());
