import type { Alert } from '../alerts/series-source.js';
import type { Evidence } from './evidence.js';

/** An alert in one line of a terminal, with what its evidence says. */
export function alertLine(
  { state, rule, annotations, labels }: Alert,
  evidence: Evidence | undefined,
): string {
  const mark = state === 'resolved' ? '●' : labels.severity === 'page' ? '■' : '▲';
  const parts = [`${mark} ${state} ${rule.name}: ${annotations.summary ?? labels.job ?? ''}`];
  if (evidence?.bottleneck !== undefined) {
    const { service, name, share, of } = evidence.bottleneck;
    parts.push(`${Math.round(100 * share)} % of the time in ${service} «${name}» over ${of} traces`);
  }
  const [worst] = evidence?.traces ?? [];
  if (worst !== undefined) parts.push(`trace ${worst.traceId}`);
  if (evidence?.firstError !== undefined) parts.push(JSON.stringify(evidence.firstError.body.slice(0, 120)));
  return parts.join('; ');
}
