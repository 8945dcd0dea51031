// Loaded into the console that is measured: tells memory, time of the processor and how late its event loop was, when asked.
const { monitorEventLoopDelay } = require('node:perf_hooks');

const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
process.on('message', () => {
  process.send({
    rss: process.memoryUsage.rss(),
    heap: process.memoryUsage().heapUsed,
    external: process.memoryUsage().arrayBuffers,
    cpu: process.cpuUsage(),
    worstMs: Number.isFinite(delay.max) ? delay.max / 1e6 : 0,
  });
  delay.reset();
});
process.channel?.unref();
