const isColoured = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const colour = (code) => (text) => (isColoured ? `\u001b[${code}m${text}\u001b[0m` : text);
export const paint = {
  bold: colour(1),
  dim: colour(2),
  red: colour(31),
  yellow: colour(33),
  cyan: colour(36),
};

/** Three figures and a unit. */
export function duration(ms) {
  if (typeof ms !== 'number' || !Number.isFinite(ms)) return '-';
  return ms < 1_000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1_000).toFixed(2)} s`;
}

export const percent = (share) => `${(100 * (share ?? 0)).toFixed(1)} %`;

/** One line of an alert, with what the console found of it. */
export function alertLine({ name, service, summary, evidence }) {
  const where = evidence?.bottleneck;
  const found =
    where === undefined || where === null
      ? ''
      : `; ${percent(where.share)} in «${where.name}» of ${where.service}`;
  return `${name} ${service}: ${summary}${found}`;
}
