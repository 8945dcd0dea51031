import type { Finding } from './finding.js';
import type { PodManifest } from './pod-manifests.js';

/** Whether the pods of a service let it end in order, and ask the probes that it answers. */
export function checkPods(
  pods: readonly PodManifest[],
  variable: string | undefined,
  budgetS: number,
): readonly Finding[] {
  const findings: Finding[] = [];
  const fromEnvironment = variable === undefined ? Number.NaN : Number(variable);
  if (fromEnvironment > 0) checkGrace('TERMINATION_GRACE_PERIOD_SECONDS', fromEnvironment);
  for (const pod of pods) {
    const where = `${pod.file} (${pod.name})`;
    if (pod.gracePeriodS !== undefined) checkGrace(where, pod.gracePeriodS);
    checkProbes(where, pod);
  }
  return findings;

  function checkGrace(where: string, graceS: number): void {
    if (graceS > budgetS) return;
    findings.push({
      id: 'grace-period',
      severity: 'error',
      what: `${where}: the pod is killed after ${graceS} s, and a shutdown may take ${budgetS} s`,
      cure: `raise terminationGracePeriodSeconds to ${Math.ceil(budgetS) + 5}, or lower shutdown.budgetMs (and pass it to the doctor with --budget)`,
    });
  }

  function checkProbes(where: string, { readiness, liveness }: PodManifest): void {
    if (readiness === undefined) {
      findings.push({
        id: 'readiness-missing',
        severity: 'warning',
        what: `${where}: no readinessProbe: requests reach the pod before it is ready, and while it ends`,
        cure: 'readinessProbe: { httpGet: { path: /health/ready, port: http } }',
      });
    } else if (readiness.path !== undefined && /^\/(health\/live|livez)$/.test(readiness.path)) {
      findings.push({
        id: 'readiness-path',
        severity: 'warning',
        what: `${where}: readinessProbe asks ${readiness.path}, which stays well while the service starts and ends`,
        cure: 'ask /health/ready',
      });
    }
    if (liveness?.path !== undefined && /^\/(health|healthz|readyz|health\/ready)$/.test(liveness.path)) {
      findings.push({
        id: 'liveness-path',
        severity: 'warning',
        what: `${where}: livenessProbe asks ${liveness.path}: a dependency that fails, or a shutdown, restarts the pod`,
        cure: 'ask /health/live',
      });
    }
  }
}
