// instrument() in a script that calls once and is done: no timer or socket of ours keeps it alive.
export const ends = true;

export const upstream = (_req, res) => void res.writeHead(200, { Connection: 'close' }).end('called');

export async function service({ instrument, upstream: url, event, observe, handles }) {
  await instrument();
  process.on('exit', (code) => event(`exit ${code}`));
  observe('at the start', handles());
  event(await (await fetch(url)).text());
  process.stdout.write('to standard output\n');
  console.error('to standard error');
}
