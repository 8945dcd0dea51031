/** `fine` is neutral: a healthy page is quiet. `off` is what has ended, or is not known. */
export type State = 'fine' | 'warn' | 'fail' | 'open' | 'off';

const words: Readonly<Record<State, string>> = {
  fine: 'fine',
  warn: 'warning',
  fail: 'failing',
  open: 'circuit open',
  off: 'not known',
};

const shapes: Readonly<Record<State, string>> = {
  fine: 'M5 1a4 4 0 1 0 0 8a4 4 0 0 0 0-8z',
  warn: 'M5 0.5L10 9.5H0z',
  fail: 'M0.5 0.5h9v9h-9z',
  open: 'M5 0L10 5L5 10L0 5z',
  off: 'M5 1.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 0 0 0-7z',
};

/** A state as shape and colour, with its name for those who do not see it; an empty one where the text beside it says the same. */
export function Mark({ state, label = words[state] }: { readonly state: State; readonly label?: string }) {
  if (label === '')
    return (
      <svg class={`mark mark-${state}`} viewBox="0 0 10 10" aria-hidden="true">
        <path d={shapes[state]} />
      </svg>
    );
  return (
    <svg class={`mark mark-${state}`} viewBox="0 0 10 10" role="img" aria-label={label}>
      <title>{label}</title>
      <path d={shapes[state]} />
    </svg>
  );
}
