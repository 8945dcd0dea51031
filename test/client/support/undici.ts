import type * as Undici from 'undici7';

const [nodeMajor = 0] = process.versions.node.split('.').map(Number);

/** The installed copies of undici that this Node can load. */
export const COPIES: readonly string[] = ['undici6', 'undici7', ...(nodeMajor >= 22 ? ['undici8'] : [])];

/** The copies have nearly the same interface; what is not in each of them is asked for before it is used. */
export const loadCopy = (name: string): Promise<typeof Undici> => import(name);
