import { useEffect, useRef } from 'preact/hooks';
import { keyGroups } from './keys.js';

/** What each key does on this page. */
export function Help({ onClose }: { readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const groups = new Map<string, Map<string, string>>();
  for (const { title, keys } of keyGroups.value) {
    const group = groups.get(title) ?? new Map<string, string>();
    groups.set(title, group);
    for (const { keys: pressed, does } of keys) group.set(pressed, does);
  }
  return (
    <dialog ref={dialog} class="help" aria-label="keys" onClose={onClose}>
      <div class="section-head">
        <h2 class="grow">Keys</h2>
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
      <div class="help-groups">
        {[...groups].map(([title, keys]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {[...keys].map(([pressed, does]) => (
                <div key={pressed} class="row">
                  <dt>
                    {pressed.split(' ').map((one) => (
                      <kbd key={one}>{shown(one)}</kbd>
                    ))}
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </dialog>
  );
}

const arrows: Readonly<Record<string, string>> = {
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  Escape: 'Esc',
};

function shown(key: string): string {
  return arrows[key] ?? key;
}
