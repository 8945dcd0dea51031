import { writeFileSync } from 'node:fs';

/** Writes results as vitest writes its JSON report, which sum-reports.mjs adds up: `{ title, file, failure }`, without a failure if it passed. */
export function writeReport(path, results) {
  const failed = results.filter(({ failure }) => failure !== undefined).length;
  const report = {
    numPassedTests: results.length - failed,
    numFailedTests: failed,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: results.map(({ title, file, failure }) => {
      const status = failure === undefined ? 'passed' : 'failed';
      const failureMessages = failure === undefined ? [] : [failure];
      return {
        name: file,
        message: failure ?? '',
        status,
        assertionResults: [{ fullName: title, status, failureMessages }],
      };
    }),
  };
  writeFileSync(path, JSON.stringify(report));
}
