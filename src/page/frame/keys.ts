import { signal } from '@preact/signals';
import { useLayoutEffect } from 'preact/hooks';

export interface Key {
  /** As a person presses it: `p`, `g t`, `?`, `ArrowDown`. */
  readonly keys: string;
  readonly does: string;
  readonly run: () => void;
}

export interface KeyGroup {
  readonly title: string;
  readonly keys: readonly Key[];
}

/** What the keyboard does now, for the help. */
export const keyGroups = signal<readonly KeyGroup[]>([]);

const sequenceMs = 1_200;
let before = '';
let beforeMs = 0;

/** Gives keys their meaning as long as the component is there. */
export function useKeys(title: string, keys: readonly Key[]): void {
  // Before the next event, not after the next paint: keys that come fast would act on what was chosen before.
  useLayoutEffect(() => {
    const group: KeyGroup = { title, keys };
    keyGroups.value = [...keyGroups.peek(), group];
    return () => {
      keyGroups.value = keyGroups.peek().filter((one) => one !== group);
    };
  });
}

/** Whether keys are text where the focus is. */
function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

export function followKeys(): void {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target)) return;
    const now = Date.now();
    const pressed = now - beforeMs < sequenceMs && before !== '' ? `${before} ${event.key}` : event.key;
    const groups = [...keyGroups.peek()].reverse();
    const find = (text: string) => groups.flatMap(({ keys }) => keys).find(({ keys }) => keys === text);
    const key = find(pressed) ?? find(event.key);
    const isPrefix = groups.some(({ keys }) => keys.some((one) => one.keys.startsWith(`${event.key} `)));
    before = key === undefined && isPrefix ? event.key : '';
    beforeMs = now;
    if (key === undefined) return;
    event.preventDefault();
    key.run();
  });
}
