import { signal } from '@preact/signals';

const HUES = 12;

/** FNV-1a: the same name gives the same number in every browser. */
function hash(name: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < name.length; index += 1)
    value = Math.imul(value ^ name.charCodeAt(index), 0x01000193) >>> 0;
  return value;
}

/**
 * Which services have which hue: by their name, and another where one beside it in the map has that already, or where hues are left that
 * fewer have.
 */
export class HueTable {
  readonly #hues = new Map<string, number>();
  readonly #uses: number[] = new Array(HUES).fill(0);

  /** Takes in names; those that have a hue keep it. Returns whether there was a new one. */
  add(names: readonly string[], neighbours: ReadonlyMap<string, ReadonlySet<string>>): boolean {
    const fresh = names.filter((name) => !this.#hues.has(name)).sort();
    for (const name of fresh) {
      const beside = [...(neighbours.get(name) ?? [])].flatMap((one) => this.#hues.get(one) ?? []);
      const wanted = hash(name) % HUES;
      let best = wanted;
      let bestCost = Number.POSITIVE_INFINITY;
      for (let step = 0; step < HUES; step += 1) {
        const hue = (wanted + step) % HUES;
        const cost = closeness(hue, beside) * 1_000 + (this.#uses[hue] as number) * HUES + step / HUES;
        if (cost >= bestCost) continue;
        best = hue;
        bestCost = cost;
      }
      this.#hues.set(name, best);
      this.#uses[best] = (this.#uses[best] as number) + 1;
    }
    return fresh.length > 0;
  }

  /** The hue of a name, 0 to 11; by the name alone where it was not taken in. */
  of(name: string): number {
    return this.#hues.get(name) ?? hash(name) % HUES;
  }
}

/** 2 where one beside it has the same hue, 1 where one has the next. */
function closeness(hue: number, beside: readonly number[]): number {
  let most = 0;
  for (const other of beside) {
    const distance = Math.min((hue - other + HUES) % HUES, (other - hue + HUES) % HUES);
    most = Math.max(most, 2 - distance);
  }
  return most;
}

const table = new HueTable();
const version = signal(0);

/** Takes in the services that there are, and who calls whom. */
export function learnServices(
  names: readonly string[],
  edges: readonly { readonly from: string; readonly to: string }[],
): void {
  const neighbours = new Map<string, Set<string>>();
  const add = (one: string, other: string) => {
    const set = neighbours.get(one);
    if (set === undefined) neighbours.set(one, new Set([other]));
    else set.add(other);
  };
  for (const { from, to } of edges) {
    add(from, to);
    add(to, from);
  }
  if (table.add(names, neighbours)) version.value += 1;
}

/** The hue of a service, 0 to 11, for what is drawn on a canvas. */
export function hueNumber(service: string): number {
  version.value;
  return table.of(service);
}

/** The class that gives a service its hue: `hue-3`. */
export function hueClass(service: string): string {
  return `hue-${hueNumber(service)}`;
}
