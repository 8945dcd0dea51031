import { effect, signal } from '@preact/signals';

type Theme = 'light' | 'dark';

const stored = 'golden-signals.theme';

function kept(): Theme | undefined {
  const value = localStorage.getItem(stored);
  return value === 'light' || value === 'dark' ? value : undefined;
}

const system = matchMedia('(prefers-color-scheme: dark)');

/** The theme that is shown: the system's, unless the switch has been used. */
export const theme = signal<Theme>(kept() ?? (system.matches ? 'dark' : 'light'));

/** Puts the theme on the document, now and whenever it changes. */
export function followTheme(): void {
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
  });
  system.addEventListener('change', () => {
    if (kept() === undefined) theme.value = system.matches ? 'dark' : 'light';
  });
}

export function switchTheme(): void {
  const next = theme.value === 'dark' ? 'light' : 'dark';
  localStorage.setItem(stored, next);
  theme.value = next;
}
