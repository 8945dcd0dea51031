import { types } from 'node:util';
/** A method of clients of node-redis 4 that sends a command. */
export interface CommandMethod {
  readonly method: string;
  /** The command, as Redis knows it. */
  readonly command: string;
  /** False where the method adds arguments of its own, such as a subcommand. */
  readonly isWhole: boolean;
}

const constantName = /^_?[A-Z][A-Z0-9_]*$/;

/** What is no command with an answer of its own. */
const others = new Set(
  'MULTI QUIT SUBSCRIBE UNSUBSCRIBE PSUBSCRIBE PUNSUBSCRIBE SSUBSCRIBE SUNSUBSCRIBE'.split(' '),
);

/** They are the same for all clients of a class. */
const known = new WeakMap<object, readonly CommandMethod[]>();

/**
 * What of a client of node-redis 4 sends commands, itself and its modules, and by which methods. It has every command in capitals, with
 * its parts joined by underscores, and again in camel case.
 */
export function commandsOf(client: object): Map<object, readonly CommandMethod[]> {
  const found = new Map([[client, methodsOf(client, '')]]);
  for (const [name, value] of Object.entries(client)) {
    // What a module's methods are called on knows its client.
    if (typeof value === 'object' && value !== null && (value as { readonly self?: unknown }).self === client)
      found.set(value as object, methodsOf(value as object, `${name.toUpperCase()}.`));
  }
  return found;
}

function methodsOf(target: object, prefix: string): readonly CommandMethod[] {
  const kind = Object.getPrototypeOf(target) as object;
  let methods = known.get(kind);
  if (methods === undefined) {
    methods = readMethods(target, prefix);
    known.set(kind, methods);
  }
  return methods;
}

function readMethods(target: object, prefix: string): readonly CommandMethod[] {
  const names = new Set<string>();
  for (let from: object | null = target; from !== null && from !== Object.prototype; ) {
    for (const name of Object.getOwnPropertyNames(from)) names.add(name);
    from = Object.getPrototypeOf(from);
  }
  const byLetters = new Map<string, string>();
  for (const name of names) {
    if (constantName.test(name) && !others.has(name)) byLetters.set(lettersOf(name), name);
  }
  const methods: CommandMethod[] = [];
  for (const method of names) {
    const name = byLetters.get(lettersOf(method));
    if (name === undefined || typeof (target as Record<string, unknown>)[method] !== 'function') continue;
    const command = commandOf(name);
    methods.push({ method, command: prefix + command, isWhole: command === name });
  }
  return methods;
}

const lettersOf = (name: string) => name.replaceAll('_', '').toUpperCase();

/** `CLIENT_GETNAME` is CLIENT with an argument, `ZRANGE_WITHSCORES` is ZRANGE with one; only `_RO` belongs to names. */
function commandOf(name: string): string {
  return /^_?[A-Z0-9]+(?:_RO$)?/.exec(name)?.[0] ?? name;
}

/** How many arguments of a command there are in what a method was given; not all of them where there are objects, such as options. */
export function countOf(args: readonly unknown[]): { count: number; isCounted: boolean } {
  let count = 0;
  let isCounted = true;
  for (const arg of args) {
    if (arg === undefined || arg === null) continue;
    if (Array.isArray(arg)) {
      const inner = countOf(arg);
      count += inner.count;
      isCounted &&= inner.isCounted;
    } else if (typeof arg !== 'object' || ArrayBuffer.isView(arg) || types.isDate(arg)) count += 1;
    else isCounted = false;
  }
  return { count, isCounted };
}
