// A script that throws at once, with no server and no request.
export const ends = true;

export async function service({ instrument, event }) {
  await instrument();
  process.on('exit', (code) => event(`exit ${code}`));
  setTimeout(() => {
    throw { not: 'an error' };
  }, 10);
}
