import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Answer } from '../data/question.js';
import { Mark } from './mark.js';
import { Scroller } from './scroller.js';

/** Copies a text, and says so for a moment. */
export function CopyButton({ text, label = 'copy' }: { readonly text: string; readonly label?: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(text).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1_500);
    });
  };
  return (
    <button type="button" class="copy" onClick={copy} aria-label={`${label}: ${text.slice(0, 80)}`}>
      {isCopied ? 'copied' : label}
    </button>
  );
}

/** A command that a person may type. */
export function Command({ text }: { readonly text: string }) {
  return (
    <div class="command">
      <Scroller as="code">{text}</Scroller>
      <CopyButton text={text} />
    </div>
  );
}

interface EmptyProps {
  readonly title: string;
  readonly children?: ComponentChildren;
  /** What brings it. */
  readonly command?: string;
}

/** Says what is missing and what brings it. */
export function Empty({ title, children, command }: EmptyProps) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
      {command !== undefined && <Command text={command} />}
    </div>
  );
}

/** Why something is not shown. */
export function Failure({ text, retry }: { readonly text: string; readonly retry?: () => void }) {
  return (
    <div class="failure" role="alert">
      <Mark state="fail" label="failed" />
      <span class="grow">{text}</span>
      {retry !== undefined && (
        <button type="button" class="link" onClick={retry}>
          ask again
        </button>
      )}
    </div>
  );
}

interface AnsweredProps<T> {
  readonly of: Answer<T>;
  readonly children: (data: T) => ComponentChildren;
}

/** Shows the answer to a question: dimmed while it is the answer to the question before, and with the reason when the question failed. */
export function Answered<T>({ of: { data, error, isOld, refresh }, children }: AnsweredProps<T>) {
  if (data.value === undefined)
    return error.value === undefined ? (
      <div class="waiting" />
    ) : (
      <Failure text={error.value} retry={refresh} />
    );
  return (
    <div class={isOld.value ? 'is-old' : undefined}>
      {error.value !== undefined && <Failure text={error.value} retry={refresh} />}
      {children(data.value)}
    </div>
  );
}
