/** For a person; and, where TEST_REPORT names a file, as JSON for the sum at the end of CI. */
export const reporters =
  process.env.TEST_REPORT === undefined
    ? ['default']
    : ['default', ['json', { outputFile: process.env.TEST_REPORT }]];
