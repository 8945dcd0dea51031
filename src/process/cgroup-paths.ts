/** The controllers of control groups with the limits of a container. */
export type Controller = 'memory' | 'cpu' | 'cpuacct';

/** Where a controller's files are: the group of this process first, then those around it, as far as they can be seen. */
export interface CgroupPaths {
  readonly version: 1 | 2;
  readonly folders: readonly string[];
}

interface Mount {
  /** Which part of the hierarchy is mounted. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

interface Membership {
  readonly controllers: readonly string[];
  readonly path: string;
}

const maxDepth = 32;

/**
 * Finds a controller from /proc/self/cgroup and /proc/self/mountinfo. A hierarchy of version 1 that has it comes first: where both
 * are mounted, a controller belongs to one of them.
 * @see cgroups(7), proc(5)
 */
export function findCgroup(
  controller: Controller,
  cgroup: string,
  mountinfo: string,
): CgroupPaths | undefined {
  const mounts = parseMounts(mountinfo);
  const memberships = parseMemberships(cgroup);
  const first = mounts.find(({ type, options }) => type === 'cgroup' && options.includes(controller));
  if (first !== undefined) {
    const own = memberships.find(({ controllers }) => controllers.includes(controller));
    return { version: 1, folders: foldersOf(first, own?.path) };
  }
  const second = mounts.find(({ type }) => type === 'cgroup2');
  if (second === undefined) return undefined;
  const own = memberships.find(({ controllers }) => controllers.length === 0);
  return { version: 2, folders: foldersOf(second, own?.path) };
}

/** From the group of the process up to the mount: a limit of any of them holds. */
function foldersOf({ root, point }: Mount, path = '/'): string[] {
  // Without its own cgroup namespace a container reads the path of the host; its mount shows only the end of that path.
  const relative =
    root === '/' ? path : path === root || path.startsWith(`${root}/`) ? path.slice(root.length) : '';
  const names = relative.split('/').filter((name) => name !== '');
  // A group outside of what the namespace shows begins with `..`: all there is to see is the mount.
  const seen = names.includes('..') ? [] : names.slice(0, maxDepth);
  const base = point === '/' ? '' : point;
  return seen.map((_, index) => [base, ...seen.slice(0, seen.length - index)].join('/')).concat(point);
}

function parseMounts(mountinfo: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of mountinfo.split('\n')) {
    // Any number of optional fields stands before the hyphen.
    const [before, after] = line.split(' - ', 2);
    const [, , , root, point] = before?.split(' ') ?? [];
    const [type, , options] = after?.split(' ') ?? [];
    if (root === undefined || point === undefined || type === undefined) continue;
    if (type !== 'cgroup' && type !== 'cgroup2') continue;
    mounts.push({ root: unescaped(root), point: unescaped(point), type, options: options?.split(',') ?? [] });
  }
  return mounts;
}

/** `4:memory:/path` in version 1, `0::/path` in version 2. */
function parseMemberships(cgroup: string): Membership[] {
  const memberships: Membership[] = [];
  for (const line of cgroup.split('\n')) {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    if (match === null) continue;
    const [, controllers = '', path = '/'] = match;
    memberships.push({ controllers: controllers === '' ? [] : controllers.split(','), path });
  }
  return memberships;
}

/** The kernel writes blanks and backslashes of a path as three octal digits. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
