const firstPort = 4318;
const portsTried = 20;

/** Reaches a shop that runs by its console: the first one from the port on that has faults to offer. */
export async function secondCommand({ command, fault, port }) {
  const url = await findConsole(port);
  const ask = async (path, init) => {
    const response = await fetch(url + path, { ...init, signal: AbortSignal.timeout(30_000) });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(answer.error ?? `${url} answers ${response.status}`);
    return answer;
  };
  if (command === 'faults') {
    const { actions } = await ask('/api/actions');
    for (const { name, title, active } of actions)
      console.log(`${active ? '▲' : ' '} ${name.padEnd(16)} ${title}`);
    return;
  }
  const { message } = await ask(`/api/actions/${fault}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ active: command === 'break' }),
  });
  console.log(command === 'break' ? `to be seen: ${message}, at ${url}` : message);
}

async function findConsole(port) {
  const from = port ?? firstPort;
  for (let tried = from; tried < from + (port === undefined ? portsTried : 1); tried++) {
    const url = `http://127.0.0.1:${tried}`;
    try {
      const response = await fetch(`${url}/api/actions`, { signal: AbortSignal.timeout(3_000) });
      const { actions } = await response.json();
      if (actions.some(({ name }) => name === 'rolling-restart')) return url;
    } catch {
      // There is no console, or not the one of a shop.
    }
  }
  throw new Error(
    `no shop runs with its console from port ${from} on: start one by npm run demo, or give its --port`,
  );
}
