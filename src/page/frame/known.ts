import { effect, signal } from '@preact/signals';
import type { MapAnswer, Rows, SignalRow } from '../data/answers.js';
import { ask } from '../data/question.js';
import { changes } from '../data/stream.js';
import { learnServices } from '../parts/hue.js';

/** The services and routes that there are, for search, completion and hues. */
export const services = signal<readonly string[]>([]);
export const routes = signal<readonly { readonly service: string; readonly route: string }[]>([]);

const everyMs = 10_000;
let askedMs = 0;

/** Learns what there is, at once and then as things come in. */
export async function learn(): Promise<void> {
  askedMs = Date.now();
  const [map, rows] = await Promise.all([
    ask<MapAnswer>('/api/map?window=24h'),
    ask<Rows<SignalRow>>('/api/routes?window=24h'),
  ]);
  const names = map.nodes.map(({ name }) => name);
  const own = map.nodes.filter(({ kind }) => kind === 'service').map(({ name }) => name);
  // Services first: no two of them share a hue as long as there are enough.
  learnServices(own, map.edges);
  learnServices(names, map.edges);
  services.value = own;
  routes.value = rows.rows.map(({ service, name }) => ({ service, route: name }));
}

export function keepLearning(): void {
  effect(() => {
    changes.value;
    if (Date.now() - askedMs < everyMs || document.visibilityState !== 'visible') return;
    // What could not be learned now is learned with the next change.
    learn().catch(() => undefined);
  });
}
