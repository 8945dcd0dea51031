import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

test.each([
  ['redis-server', '--version', /Redis server v=/],
  ['mariadbd', '--version', /MariaDB/],
  ['prometheus', '--version', /prometheus, version/],
  ['promtool', '--version', /promtool, version/],
  ['prometheus-alertmanager', '--version', /alertmanager, version/],
  ['amtool', '--version', /amtool, version/],
])('%s is installed', (program, flag, answer) => {
  // A server's program may stand where only root's path leads.
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
  expect(execFileSync('sh', ['-c', `${program} ${flag} 2>&1`], { env, encoding: 'utf8' })).toMatch(answer);
});
