import { useEffect, useState } from 'preact/hooks';
import { address, go, href } from '../address/address.js';
import {
  chooseWindow,
  isLive,
  pausedMs,
  timeWindow,
  togglePause,
  WINDOWS,
  windowLength,
} from '../address/time-window.js';
import type { AlertsAnswer } from '../data/answers.js';
import { nowMs } from '../data/clock.js';
import { useQuestion } from '../data/question.js';
import { connection } from '../data/stream.js';
import { Empty } from '../parts/empty.js';
import { age, clock, counted } from '../parts/format.js';
import { Mark } from '../parts/mark.js';
import { Actions } from './actions.js';
import { Foot } from './foot.js';
import { Help } from './help.js';
import { useKeys } from './keys.js';
import { PAGES, pageOf } from './pages.js';
import { Search } from './search.js';
import { switchTheme, theme } from './theme.js';

function Navigation({ path }: { readonly path: string | undefined }) {
  const { data } = useQuestion<AlertsAnswer>(
    'alerts',
    {},
    { isOfAlerts: true, isTimeless: true, everyMs: 5_000 },
  );
  const firing = (data.value?.alerts ?? []).filter(
    ({ state, severity }) => state === 'firing' && severity !== 'none',
  );
  const isPage = firing.some(({ severity }) => severity === 'page');
  return (
    <nav class="nav" aria-label="pages">
      {PAGES.map(({ title, path: own }) => (
        <a key={own} href={href(own)} aria-current={own === path ? 'page' : undefined}>
          {title}
          {own === '/alerts' && firing.length > 0 && (
            <span class={`row ${isPage ? 'is-fail' : 'is-warn'}`}>
              <Mark
                state={isPage ? 'fail' : 'warn'}
                label={counted(firing.length, 'alert fires', 'alerts fire')}
              />
              {firing.length}
            </span>
          )}
        </a>
      ))}
    </nav>
  );
}

/** Whether the page follows the present, and why not. */
function Live() {
  const { state } = connection.value;
  const word = state === 'lost' ? 'lost' : isLive.value ? 'live' : 'paused';
  return (
    <button
      type="button"
      class={`live is-${word}`}
      onClick={togglePause}
      aria-pressed={!isLive.value}
      title={isLive.value ? 'Pause (p)' : 'Go on at the present (p)'}
    >
      <i aria-hidden="true" />
      {word}
    </button>
  );
}

function WindowChoice() {
  const length = windowLength.value;
  const brushed = length === undefined ? timeWindow.value : undefined;
  return (
    <select
      class="input window"
      aria-label="time that is looked at"
      value={length ?? 'brushed'}
      onChange={(event) => chooseWindow(event.currentTarget.value)}
    >
      {brushed !== undefined && (
        <option value="brushed">
          {clock(brushed.fromMs)} – {clock(brushed.toMs)}
        </option>
      )}
      {WINDOWS.map((one) => (
        <option key={one} value={one}>
          {one.replace('m', ' min').replace('h', ' h')}
        </option>
      ))}
    </select>
  );
}

/** Says what keeps the page from showing the present. */
function Notice() {
  const { state, sinceMs } = connection.value;
  if (state === 'lost')
    return (
      <div class="notice is-warn" role="status">
        <Mark state="warn" label="lost" />
        The console does not answer since {clock(sinceMs)} ({age(nowMs.value - sinceMs)}). What is shown is
        from before; the page goes on by itself when it is back.
      </div>
    );
  if (pausedMs.value !== undefined)
    return (
      <div class="notice" role="status">
        Paused at {clock(pausedMs.value)}. The console goes on taking in; press <kbd>p</kbd> to go on.
      </div>
    );
  return null;
}

export function Frame() {
  const { path } = address.value;
  const page = pageOf(path);
  const [isHelp, setHelp] = useState(false);
  useKeys('Everywhere', [
    ...PAGES.map(({ title, path: own, key }) => ({
      keys: `g ${key}`,
      does: title,
      run: () => go(href(own)),
    })),
    { keys: 'p', does: 'pause, or go on', run: togglePause },
    { keys: '?', does: 'this help', run: () => setHelp(true) },
  ]);
  useEffect(() => {
    document.title = page === undefined ? 'golden-signals' : `${page.title} · golden-signals`;
  }, [page?.title]);
  const Component = page?.component;
  return (
    <>
      <a class="skip" href="#main">
        to the page
      </a>
      <header class="top">
        <a class="brand" href={href('/')} aria-label="golden-signals, overview">
          <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
            <circle cx="10" cy="10" r="8.5" />
            <circle class="core" cx="10" cy="10" r="4" />
          </svg>
          <span>golden-signals</span>
        </a>
        <Navigation path={page?.path} />
        <Search />
        <div class="top-end">
          <Actions />
          <Live />
          <WindowChoice />
          <button
            type="button"
            class="icon"
            onClick={switchTheme}
            aria-label={theme.value === 'dark' ? 'light theme' : 'dark theme'}
          >
            <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
              <circle cx="8" cy="8" r="6.25" class="ring" />
              <path d="M8 1.75a6.25 6.25 0 0 1 0 12.5z" />
            </svg>
          </button>
          <button type="button" class="icon" onClick={() => setHelp(true)} aria-label="keys">
            ?
          </button>
        </div>
      </header>
      <Notice />
      <main id="main" class={connection.value.state === 'lost' ? 'is-stale' : undefined} tabIndex={-1}>
        {Component === undefined ? (
          <div class="page">
            <h1>There is no page {path}</h1>
            <Empty title="The frame above leads to all that there are." />
          </div>
        ) : (
          <Component key={path} id={page?.id ?? ''} />
        )}
      </main>
      <Foot />
      {isHelp && <Help onClose={() => setHelp(false)} />}
    </>
  );
}
