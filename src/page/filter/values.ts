import { useCallback, useRef, useState } from 'preact/hooks';
import type { ValuesAnswer } from '../data/answers.js';
import { ask, questionUrl } from '../data/question.js';
import type { Vocabulary } from './completion.js';
import { ATTRIBUTE } from './filter-text.js';

const most = 200;
/** An answer will do for so long, in milliseconds. */
const freshMs = 15_000;

/** What a filter of spans or of log lines may be completed with: asked of the console, of all that it holds, when a person comes to it. */
export function useValues(items: 'spans' | 'logs'): {
  readonly values: Vocabulary;
  /** Asks for the values of a field; for `attr.` which attributes there are. */
  readonly learn: (field: string) => void;
} {
  const [values, setValues] = useState<Vocabulary>({});
  const askedMs = useRef(new Map<string, number>());
  const learn = useCallback(
    (field: string) => {
      const lastMs = askedMs.current.get(field) ?? 0;
      if (Date.now() - lastMs < freshMs) return;
      askedMs.current.set(field, Date.now());
      const of = field === ATTRIBUTE ? 'key' : field.startsWith(ATTRIBUTE) ? 'attr' : field;
      const key = of === 'attr' ? field.slice(ATTRIBUTE.length) : undefined;
      const url = questionUrl('values', { of, key, in: items === 'logs' ? items : undefined, limit: most });
      ask<ValuesAnswer>(url)
        .then((answer) => {
          const found = answer.values.map(({ value }) => value);
          setValues((before) =>
            of === 'key'
              ? { ...Object.fromEntries(found.map((name) => [`${ATTRIBUTE}${name}`, []])), ...before }
              : { ...before, [field]: found },
          );
        })
        // It is asked again with the next key.
        .catch(() => askedMs.current.delete(field));
    },
    [items],
  );
  return { values, learn };
}
