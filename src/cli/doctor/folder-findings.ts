import type { Terminal } from '../terminal.js';
import { checkCollector } from './check-collector.js';
import { checkLibraries } from './check-libraries.js';
import { checkPackages } from './check-packages.js';
import { checkPods } from './check-pods.js';
import type { Finding } from './finding.js';
import { installedIn } from './installed-packages.js';
import { podManifestsIn } from './pod-manifests.js';

/** The default of shutdown.budgetMs, in seconds; a test compares them. */
export const defaultBudgetS = 25;

/** What there is to say about the folder of a service, its manifests and the collector of this environment. */
export async function findingsIn(
  folder: string,
  { env }: Pick<Terminal, 'env'>,
  budgetS = defaultBudgetS,
): Promise<readonly Finding[]> {
  const installed = installedIn(folder);
  const grace = env.TERMINATION_GRACE_PERIOD_SECONDS;
  return [
    ...(installed === undefined
      ? [noPackage]
      : [...checkPackages(installed, process.version, env), ...checkLibraries(installed)]),
    ...checkPods(podManifestsIn(folder), grace, budgetS),
    ...(await checkCollector(env)),
  ];
}

const noPackage: Finding = {
  id: 'no-package',
  severity: 'error',
  what: 'the folder has no package.json that can be read',
  cure: "name the service's folder",
};
