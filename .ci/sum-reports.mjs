// Adds up the JSON reports that vitest left in a folder: node .ci/sum-reports.mjs <folder>
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Passed, failed and skipped tests; a file that could not be run counts as one failed test, as it reports none itself.
 * An error outside every test is in no report: vitest's exit code tells of it.
 */
export function sumReports(files) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const file of files) {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    const broken = report.testResults.filter(
      ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
    );
    sum.passed += report.numPassedTests;
    sum.failed += report.numFailedTests + broken.length;
    sum.skipped += report.numPendingTests + report.numTodoTests;
  }
  return sum;
}

export const totals = ({ passed, failed }) => `tests: ${passed} passed, ${failed} failed`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder = '.'] = process.argv.slice(2);
  const sum = sumReports(readdirSync(folder).map((name) => join(folder, name)));
  if (sum.skipped > 0) console.log(`skipped: ${sum.skipped}`);
  console.log(totals(sum));
  if (sum.passed === 0 || sum.failed > 0) process.exitCode = 1;
}
