import { useEffect, useRef, useState } from 'preact/hooks';
import { complete } from './completion.js';
import { type Field, filterText, parseFilter, type Term, termText, withTerm } from './filter-text.js';
import { useValues } from './values.js';

interface FilterBarProps {
  readonly text: string;
  readonly fields: readonly Field[];
  /** Whose values are offered. */
  readonly items: 'spans' | 'logs';
  readonly label: string;
  readonly placeholder: string;
  readonly onChange: (text: string) => void;
}

/** Preact's types know the role only together with a list of the browser's. */
const combobox = (isShown: boolean, at: number): object => ({
  role: 'combobox',
  'aria-expanded': isShown,
  'aria-controls': 'filter-options',
  'aria-activedescendant': isShown && at >= 0 ? `filter-option-${at}` : undefined,
  'aria-autocomplete': 'list',
});

/** A filter as chips and a field for the next condition, with what there is to choose from. A chip that is pressed is text again. */
export function FilterBar({ text, fields, items, label, placeholder, onChange }: FilterBarProps) {
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState('');
  const [caret, setCaret] = useState(0);
  const [at, setAt] = useState(-1);
  const [isOpen, setOpen] = useState(false);
  const terms = parseFilter(text, fields);
  const { values, learn } = useValues(items);
  const { from, to, options, wanted } = complete(typed, caret, fields, values);
  const isShown = isOpen && options.length > 0;
  useEffect(() => {
    if (isOpen && wanted !== undefined) learn(wanted);
  }, [isOpen, wanted, learn]);

  const put = (next: string, place: number) => {
    setTyped(next);
    setCaret(place);
    setAt(-1);
    setOpen(true);
    // The caret is where the choice ends, once the field has the text.
    requestAnimationFrame(() => input.current?.setSelectionRange(place, place));
  };
  const choose = (index: number) => {
    const option = options[index];
    if (option === undefined) return;
    const next = typed.slice(0, from) + option.text + typed.slice(to);
    const isWhole = option.text.endsWith(' ') && !/[=:<>] $/.test(option.text);
    if (isWhole) submit(next);
    else put(next, from + option.text.length);
  };
  const submit = (more: string) => {
    const added = parseFilter(more, fields);
    if (added.length > 0) {
      const merged = added.reduce<Term[]>((all, term) => withTerm(all, term), terms);
      onChange(filterText(merged));
    }
    put('', 0);
    setOpen(more !== '' && document.activeElement === input.current);
  };
  const remove = (index: number) => onChange(filterText(terms.filter((_term, place) => place !== index)));
  const edit = (index: number) => {
    const own = termText(terms[index] as Term);
    remove(index);
    input.current?.focus();
    put(own, own.length);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setAt(Math.min(options.length - 1, at + 1));
    else if (event.key === 'ArrowUp') setAt(Math.max(-1, at - 1));
    else if (
      (event.key === 'Tab' && isShown && typed !== '' && !event.shiftKey) ||
      (event.key === 'Enter' && at >= 0)
    )
      choose(Math.max(0, at));
    else if (event.key === 'Enter') submit(typed);
    else if (event.key === 'Escape') {
      if (!isShown) input.current?.blur();
      setOpen(false);
    } else if (event.key === 'Backspace' && typed === '' && terms.length > 0) edit(terms.length - 1);
    else return;
    event.preventDefault();
  };

  return (
    <div class="filter">
      {terms.map((term, index) => (
        <span
          key={`${term.field} ${term.operator} ${term.value}`}
          class={term.problem === undefined ? 'filter-chip' : 'filter-chip is-wrong'}
          title={term.problem}
        >
          <button type="button" class="filter-chip-text" onClick={() => edit(index)}>
            <ChipText term={term} />
          </button>
          <button
            type="button"
            class="filter-chip-off"
            aria-label={`remove ${termText(term)}`}
            onClick={() => remove(index)}
          >
            ×
          </button>
        </span>
      ))}
      <span class="filter-field">
        <input
          ref={input}
          {...combobox(isShown, at)}
          aria-label={label}
          autocomplete="off"
          spellcheck={false}
          placeholder={terms.length === 0 ? placeholder : ''}
          value={typed}
          onInput={({ currentTarget }) => {
            setTyped(currentTarget.value);
            setCaret(currentTarget.selectionStart ?? currentTarget.value.length);
            setAt(-1);
            setOpen(true);
          }}
          onFocus={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onKeyDown={onKeyDown}
        />
        <span id="filter-options" role="listbox" aria-label="conditions" class="options" hidden={!isShown}>
          {options.map(({ text: own, hint }, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the field moves through the options by the arrows.
            <span
              key={own}
              id={`filter-option-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === at}
              class={index === at ? 'option is-at' : 'option'}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => choose(index)}
            >
              <span class="mono">{own}</span>
              <span class="quiet cut">{hint}</span>
            </span>
          ))}
        </span>
      </span>
      {terms.length > 0 && (
        <button type="button" class="link" onClick={() => onChange('')}>
          clear
        </button>
      )}
    </div>
  );
}

function ChipText({ term: { field, operator, value } }: { readonly term: Term }) {
  if (field === 'text') return <span>“{value}”</span>;
  if (field === 'error' || field === 'has log')
    return <span>{value === 'false' ? `no ${field.replace('has ', '')}` : field}</span>;
  return (
    <>
      <span class="quiet">{field}</span> <span class="quiet">{operator === '>=' ? '≥' : operator}</span>{' '}
      <b>{value === '' ? 'any' : value.replace(/^(\d+(?:\.\d+)?)(ms|s|m|h)$/, '$1 $2')}</b>
    </>
  );
}
