import { useState } from 'preact/hooks';
import type { ActionsAnswer } from '../data/answers.js';
import { post, useQuestion } from '../data/question.js';
import { Failure } from '../parts/empty.js';

/** A button for each action that `--actions` offers, such as the faults of a demo. Renders nothing if it offers none. */
export function Actions() {
  const answer = useQuestion<ActionsAnswer>('actions', {}, { everyMs: 10_000, isTimeless: true });
  const [failure, setFailure] = useState<string>();
  const actions = answer.data.value?.actions ?? [];
  if (actions.length === 0) return null;
  const active = actions.filter((action) => action.active).length;
  const run = (name: string) => {
    post(`/api/actions/${encodeURIComponent(name)}`)
      .then(() => setFailure(undefined))
      .catch((error: unknown) => setFailure((error as Error).message))
      .finally(answer.refresh);
  };
  return (
    <details class="actions">
      <summary class="button">Break it{active > 0 && <b class="is-warn"> {active}</b>}</summary>
      <div class="actions-list">
        {failure !== undefined && <Failure text={failure} />}
        {actions.map(({ name, title, expect, active: isActive }) => (
          <button key={name} type="button" aria-pressed={isActive} class="action" onClick={() => run(name)}>
            <b class={isActive ? 'is-warn' : undefined}>
              {title}
              {isActive && ' · on'}
            </b>
            {expect !== '' && <span class="quiet">{expect}</span>}
          </button>
        ))}
      </div>
    </details>
  );
}
