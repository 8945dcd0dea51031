import type { Saturation } from '../data/answers.js';
import { figures, share } from '../parts/format.js';

const words: Readonly<Record<Saturation['what'], string>> = {
  pool: 'pool',
  loop: 'loop',
  cpu: 'cpu',
  memory: 'memory',
};

/** What is used up most. */
export function SaturationCell({ of }: { readonly of: Saturation | undefined }) {
  if (of === undefined) return null;
  const { what, name, ratio, used, max, waiting } = of;
  const state = ratio >= 0.95 ? 'is-fail' : ratio >= 0.8 ? 'is-warn' : '';
  const text =
    what === 'pool'
      ? `${words[what]} ${name} ${figures(used)}/${figures(max)}${waiting > 0 ? ` +${figures(waiting)}` : ''}`
      : `${words[what]} ${share(ratio)}`;
  return (
    <span class="saturation" title={waiting > 0 ? `${text}: ${waiting} wait` : text}>
      <span class={`meter ${state}`} aria-hidden="true">
        <i style={{ height: `${Math.round(Math.min(1, ratio) * 100)}%` }} />
      </span>
      {text}
    </span>
  );
}
