// Adds up the JSON reports that vitest left in a folder, and says what failed: node .ci/sum-reports.mjs <folder>
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
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

/** What failed, with the file and the first lines of the reason: the end of a log is all that some readers get to see. */
export function failuresIn(file) {
  const { testResults } = JSON.parse(readFileSync(file, 'utf8'));
  return testResults.flatMap(({ name, message, status, assertionResults }) => {
    if (status !== 'failed') return [];
    const failed = assertionResults.filter((test) => test.status === 'failed');
    const told = failed.map(({ fullName, failureMessages }) => `${fullName}\n${failureMessages.join('\n')}`);
    return (told.length > 0 ? told : [message]).map(
      (text) =>
        `${basename(file, '.json')}: ${relative('.', name)}: ${text.split('\n').slice(0, 12).join('\n  ')}`,
    );
  });
}

export const totals = ({ passed, failed }) => `tests: ${passed} passed, ${failed} failed`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder = '.'] = process.argv.slice(2);
  const files = readdirSync(folder).map((name) => join(folder, name));
  const sum = sumReports(files);
  for (const failure of files.flatMap(failuresIn)) console.log(`${failure}\n`);
  if (sum.skipped > 0) console.log(`skipped: ${sum.skipped}`);
  console.log(totals(sum));
  if (sum.passed === 0 || sum.failed > 0) process.exitCode = 1;
}
