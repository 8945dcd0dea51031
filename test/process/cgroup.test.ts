import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCgroupReader } from '../../src/process/cgroup.js';
import { findCgroup } from '../../src/process/cgroup-paths.js';
import { fakeFiles } from './support/fake-files.js';

const GiB = 2 ** 30;
const MiB = 2 ** 20;
const total = 32 * GiB;

const proc = '/proc/self';
const mount2 = '35 24 0:30 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n';
const mounts1 = (root: string) => `40 39 0:33 ${root} /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory
41 39 0:34 ${root} /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct
`;

/** A pod with a cgroup namespace of its own, which is what one sees today. */
const pod2 = {
  [`${proc}/cgroup`]: '0::/\n',
  [`${proc}/mountinfo`]: mount2,
  '/sys/fs/cgroup/memory.max': `${512 * MiB}\n`,
  '/sys/fs/cgroup/memory.current': `${300 * MiB}\n`,
  '/sys/fs/cgroup/memory.stat': `anon ${200 * MiB}\ninactive_file ${60 * MiB}\n`,
  '/sys/fs/cgroup/cpu.max': '50000 100000\n',
  '/sys/fs/cgroup/cpu.stat':
    'usage_usec 2500000\nuser_usec 1\nnr_periods 40\nnr_throttled 10\nthrottled_usec 750000\n',
};

/** The same in version 1, where the process is told its path on the host. */
const pod1 = {
  [`${proc}/cgroup`]: '4:memory:/kubepods/pod1/abc\n3:cpu,cpuacct:/kubepods/pod1/abc\n',
  [`${proc}/mountinfo`]: mounts1('/kubepods/pod1/abc'),
  '/sys/fs/cgroup/memory/memory.limit_in_bytes': `${512 * MiB}\n`,
  '/sys/fs/cgroup/memory/memory.usage_in_bytes': `${300 * MiB}\n`,
  '/sys/fs/cgroup/memory/memory.stat': `inactive_file 1\ntotal_inactive_file ${60 * MiB}\nhierarchical_memory_limit ${512 * MiB}\n`,
  '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '50000\n',
  '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
  '/sys/fs/cgroup/cpu,cpuacct/cpu.stat': 'nr_periods 40\nnr_throttled 10\nthrottled_time 750000000\n',
  '/sys/fs/cgroup/cpu,cpuacct/cpuacct.usage': '2500000000\n',
};

const expected = {
  memory: { limitBytes: 512 * MiB, usageBytes: 300 * MiB, availableBytes: 272 * MiB },
  cpu: { limitCpus: 0.5, usageSeconds: 2.5, periods: 40, throttledPeriods: 10, throttledSeconds: 0.75 },
};

const read = (texts: Record<string, string>) => createCgroupReader(fakeFiles(texts), total)();

describe.each([
  { version: 2, pod: pod2, cpu: '/sys/fs/cgroup/cpu.max', none: 'max 100000\n' },
  { version: 1, pod: pod1, cpu: '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us', none: '-1\n' },
])('control groups of version $version', ({ version, pod, cpu, none }) => {
  const memory = version === 2 ? '/sys/fs/cgroup/memory.max' : '/sys/fs/cgroup/memory/memory.limit_in_bytes';
  const unlimited = version === 2 ? 'max\n' : '9223372036854771712\n';

  test('say what the container may use, what it does, and how often it was stopped', () => {
    expect(read(pod)).toEqual(expected);
  });

  test('have no CPU where there is no quota', () => {
    expect(read({ ...pod, [cpu]: none }).cpu).toBeUndefined();
  });

  test('have no memory where there is no limit', () => {
    const texts: Record<string, string> = { ...pod, [memory]: unlimited };
    const stat = memory.replace(/[^/]+$/, 'memory.stat');
    texts[stat] = 'total_inactive_file 0\nhierarchical_memory_limit 9223372036854771712\n';
    expect(read(texts).memory).toBeUndefined();
  });

  test('have no memory where the limit is all that the machine has', () => {
    expect(createCgroupReader(fakeFiles(pod), 512 * MiB)().memory).toBeUndefined();
    expect(createCgroupReader(fakeFiles(pod), 512 * MiB + 1)().memory).toEqual(expected.memory);
  });

  test('give the limit of now, which a resize in place changes', () => {
    const texts: Record<string, string> = { ...pod };
    const reader = createCgroupReader(fakeFiles(texts), total);
    reader();
    texts[memory] = `${400 * MiB}\n`;
    expect(reader().memory?.limitBytes).toBe(400 * MiB);
  });

  test('leave out what cannot be read', () => {
    const texts = Object.fromEntries(
      Object.entries(pod).filter(([path]) => !/stat$|current|usage/.test(path)),
    );
    expect(read(texts)).toEqual({
      memory: { limitBytes: 512 * MiB, usageBytes: undefined, availableBytes: undefined },
      cpu: {
        limitCpus: 0.5,
        usageSeconds: undefined,
        periods: undefined,
        throttledPeriods: undefined,
        throttledSeconds: undefined,
      },
    });
  });
});

describe('control groups', () => {
  test('are nothing where there are none', () => {
    expect(read({})).toEqual({ memory: undefined, cpu: undefined });
    expect(read({ [`${proc}/cgroup`]: '0::/\n', [`${proc}/mountinfo`]: mount2 })).toEqual({
      memory: undefined,
      cpu: undefined,
    });
  });

  test('bind with the tightest limit on the way up, and the use of its group', () => {
    const service = '/sys/fs/cgroup/system.slice/app.service';
    expect(
      read({
        [`${proc}/cgroup`]: '0::/system.slice/app.service\n',
        [`${proc}/mountinfo`]: mount2,
        [`${service}/memory.max`]: 'max\n',
        [`${service}/memory.current`]: '1\n',
        '/sys/fs/cgroup/system.slice/memory.max': `${GiB}\n`,
        '/sys/fs/cgroup/system.slice/memory.current': `${100 * MiB}\n`,
      }).memory,
    ).toEqual({ limitBytes: GiB, usageBytes: 100 * MiB, availableBytes: GiB - 100 * MiB });
  });

  test('know of a limit of version 1 that is out of sight', () => {
    const stat = '/sys/fs/cgroup/memory/memory.stat';
    const inherited = `hierarchical_memory_limit ${256 * MiB}\ntotal_inactive_file 0\n`;
    expect(read({ ...pod1, [stat]: inherited }).memory?.limitBytes).toBe(256 * MiB);
  });

  test('are those of version 1 where both are mounted and it has the controller', () => {
    const both = `${mounts1('/')}${mount2}`;
    const own = '4:memory:/a\n0::/b\n';
    expect(findCgroup('memory', own, both)).toEqual({
      version: 1,
      folders: ['/sys/fs/cgroup/memory/a', '/sys/fs/cgroup/memory'],
    });
    expect(findCgroup('memory', own, mount2)).toEqual({
      version: 2,
      folders: ['/sys/fs/cgroup/b', '/sys/fs/cgroup'],
    });
  });

  test('of a path outside of what is mounted are those of the mount', () => {
    expect(findCgroup('cpu', '0::/../other\n', mount2)?.folders).toEqual(['/sys/fs/cgroup']);
    const elsewhere = '35 24 0:30 /ab /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n';
    expect(findCgroup('cpu', '0::/abc\n', elsewhere)?.folders).toEqual(['/sys/fs/cgroup']);
  });

  test('are found at a mount with a blank in its name', () => {
    const odd = '35 24 0:30 / /my\\040groups rw - cgroup2 cgroup2 rw\n';
    expect(findCgroup('cpu', '0::/a\n', odd)?.folders).toEqual(['/my groups/a', '/my groups']);
  });

  test('are found or not, but never throw, whatever the files say', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.dictionary(fc.string(), fc.string()),
        (cgroup, mountinfo, files) => {
          read({ ...files, [`${proc}/cgroup`]: cgroup, [`${proc}/mountinfo`]: mountinfo });
          findCgroup('cpu', cgroup, `${mount2}${mountinfo}`);
        },
      ),
    );
  });

  test('lead from the group of the process up to the mount, each folder once', () => {
    const name = fc.stringMatching(/^[a-z0-9_-]{1,8}$/);
    fc.assert(
      fc.property(fc.array(name, { maxLength: 8 }), (names) => {
        const folders = findCgroup('memory', `0::/${names.join('/')}\n`, mount2)?.folders ?? [];
        expect(folders).toHaveLength(names.length + 1);
        expect(folders[0]).toBe(['/sys/fs/cgroup', ...names].join('/'));
        expect(folders.at(-1)).toBe('/sys/fs/cgroup');
      }),
    );
  });
});
