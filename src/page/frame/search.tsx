import { useRef, useState } from 'preact/hooks';
import { go, href } from '../address/address.js';
import { routeHref, serviceHref, traceHref } from '../parts/links.js';
import { useKeys } from './keys.js';
import { routes, services } from './known.js';

interface Hit {
  readonly kind: string;
  readonly text: string;
  readonly to: string;
}

const mostOfAKind = 6;
/** Preact's types know the role only together with a list of the browser's. */
const combobox = (isShown: boolean, at: number): object => ({
  role: 'combobox',
  'aria-expanded': isShown,
  'aria-controls': 'search-hits',
  'aria-activedescendant': isShown ? `search-hit-${at}` : undefined,
  'aria-autocomplete': 'list',
});

/** Where a text may lead: a trace by its id, services, routes, and the logs and traces that have it. */
export function hitsOf(
  text: string,
  knownServices: readonly string[],
  knownRoutes: readonly { readonly service: string; readonly route: string }[],
): readonly Hit[] {
  const wanted = text.trim();
  if (wanted === '') return [];
  const hits: Hit[] = [];
  if (/^[0-9a-f]{32}$/i.test(wanted))
    hits.push({ kind: 'trace', text: wanted.toLowerCase(), to: traceHref(wanted.toLowerCase()) });
  // A trace context, as it stands in a header.
  const [, inHeader] = /^00-([0-9a-f]{32})-[0-9a-f]{16}-/i.exec(wanted) ?? [];
  if (inHeader !== undefined)
    hits.push({ kind: 'trace', text: inHeader, to: traceHref(inHeader.toLowerCase()) });
  const low = wanted.toLowerCase();
  const found = knownServices.filter((name) => name.toLowerCase().includes(low)).slice(0, mostOfAKind);
  for (const name of found) hits.push({ kind: 'service', text: name, to: serviceHref(name) });
  const foundRoutes = knownRoutes
    .filter(({ service, route }) => `${service} ${route}`.toLowerCase().includes(low))
    .slice(0, mostOfAKind);
  for (const { service, route } of foundRoutes)
    hits.push({ kind: 'route', text: `${route}  ${service}`, to: routeHref(service, route) });
  hits.push({ kind: 'logs', text: `lines with “${wanted}”`, to: href('/logs', { text: wanted }) });
  hits.push({ kind: 'traces', text: `traces with “${wanted}”`, to: href('/traces', { text: wanted }) });
  return hits;
}

/** One field for everything that has a name. */
export function Search() {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const [isOpen, setOpen] = useState(false);
  useKeys('Everywhere', [{ keys: '/', does: 'search', run: () => input.current?.focus() }]);
  const hits = hitsOf(text, services.value, routes.value);
  const close = () => {
    setOpen(false);
    setText('');
    input.current?.blur();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') return close();
    if (event.key === 'ArrowDown') setAt(Math.min(hits.length - 1, at + 1));
    else if (event.key === 'ArrowUp') setAt(Math.max(0, at - 1));
    else if (event.key === 'Enter') {
      const hit = hits[at];
      if (hit !== undefined) go(hit.to);
      close();
    } else return;
    event.preventDefault();
  };
  const isShown = isOpen && hits.length > 0;
  return (
    <div class="search">
      <input
        ref={input}
        class="input"
        type="search"
        {...combobox(isShown, at)}
        aria-label="search"
        autocomplete="off"
        spellcheck={false}
        placeholder="Trace id, service, route, text"
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
      />
      <kbd>/</kbd>
      <div id="search-hits" role="listbox" aria-label="what was found" class="search-hits" hidden={!isShown}>
        {hits.map(({ kind, text: hitText, to }, index) => (
          <a
            key={`${kind} ${hitText}`}
            id={`search-hit-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            class={index === at ? 'hit is-at' : 'hit'}
            href={to}
            onMouseDown={(event) => event.preventDefault()}
            onClick={close}
          >
            <span class="quiet">{kind}</span>
            <span class="cut">{hitText}</span>
          </a>
        ))}
      </div>
    </div>
  );
}
