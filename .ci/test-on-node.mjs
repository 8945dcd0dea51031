// Runs the tests on other versions of Node: node .ci/test-on-node.mjs <major...> [-- vitest arguments]
// Each binary comes from the npm package node-<platform>-<arch>, kept under .node-versions/. Build dist/ first.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeBinary } from './node-binary.mjs';
import { sumReports, totals } from './sum-reports.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const given = process.argv.slice(2);
const split = given.includes('--') ? given.indexOf('--') : given.length;
const majors = given.slice(0, split);
const vitestArgs = given.slice(split + 1);
if (majors.length === 0 || !majors.every((major) => /^\d+$/.test(major))) {
  console.error('usage: node .ci/test-on-node.mjs <major...> [-- vitest arguments]');
  process.exit(2);
}

// What depends on the Node that it runs on: vitest.config.mts says what does not, and TEST_BESIDE cuts the table of clients that are imported.
const once = ['--project', 'process'];

const ownReports = process.env.TEST_REPORTS === undefined;
const reports = process.env.TEST_REPORTS ?? mkdtempSync(join(tmpdir(), 'golden-signals-reports-'));
const failed = majors.filter((major) => !testOn(major));
const written = majors.map(reportOf).filter((report) => existsSync(report));
console.log(`\n${totals(sumReports(written))} on Node ${majors.join(', ')}`);
if (ownReports) rmSync(reports, { recursive: true, force: true });
if (failed.length > 0) {
  console.error(`failed on Node ${failed.join(', ')}`);
  process.exitCode = 1;
}

function reportOf(major) {
  return join(reports, `node-${major}.json`);
}

function testOn(major) {
  let node;
  try {
    node = nodeBinary(major);
  } catch (error) {
    console.error(error.message);
    return false;
  }
  console.log(`\nNode ${major}: ${node}`);
  const report = reportOf(major);
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...once, ...vitestArgs];
  // First on the path, so that a `node` started by a test, or npm's own, is this one too.
  const env = {
    ...process.env,
    TEST_REPORT: report,
    TEST_BESIDE: major,
    PATH: `${dirname(node)}${delimiter}${process.env.PATH}`,
  };
  const { status } = spawnSync(node, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
  return status === 0 && existsSync(report);
}
