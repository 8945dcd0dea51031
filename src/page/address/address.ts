import { computed, signal } from '@preact/signals';

/** Where the page is: the whole state that a link to it has to carry. */
export interface Address {
  readonly path: string;
  readonly params: URLSearchParams;
}

export type Changes = Readonly<Record<string, string | number | undefined>>;

export const address = signal<Address>(read());

/** These go along with every link within the page: what time is looked at is the same everywhere. */
const carried = ['window', 'from', 'to', 'paused'] as const;

function read(): Address {
  return { path: location.pathname, params: new URLSearchParams(location.search) };
}

/** One parameter of the address, as a signal that changes when it does. */
export function param(name: string) {
  return computed(() => address.value.params.get(name) ?? undefined);
}

/** The address of something in the page, with the time that is looked at now; `changes` are its parameters. */
export function href(path: string, changes: Changes = {}): string {
  const { params } = address.value;
  const next = new URLSearchParams();
  for (const name of carried) {
    const value = params.get(name);
    if (value !== null) next.set(name, value);
  }
  return written(path, next, changes);
}

/** The address of this page with some parameters changed; undefined removes one. */
export function changed(changes: Changes): string {
  const { path, params } = address.value;
  return written(path, new URLSearchParams(params), changes);
}

function written(path: string, params: URLSearchParams, changes: Changes): string {
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') params.delete(name);
    else params.set(name, String(value));
  }
  const search = params.toString();
  return search === '' ? path : `${path}?${search}`;
}

/** Goes to an address; `isReplaced` leaves no step to go back to, for what changes while a person types or drags. */
export function go(to: string, isReplaced = false): void {
  const before = address.value.path;
  if (to === location.pathname + location.search) return;
  if (isReplaced) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  address.value = read();
  if (address.value.path !== before) scrollTo(0, 0);
}

export function setParams(changes: Changes, isReplaced = false): void {
  go(changed(changes), isReplaced);
}

/** Follows back and forward, and takes clicks on links within the page. */
export function followAddress(): void {
  addEventListener('popstate', () => {
    address.value = read();
  });
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element).closest('a');
    const to = link?.getAttribute('href');
    if (link == null || to == null || !to.startsWith('/') || to.startsWith('/api/')) return;
    if (link.target !== '' || link.hasAttribute('download')) return;
    event.preventDefault();
    go(to);
  });
}
