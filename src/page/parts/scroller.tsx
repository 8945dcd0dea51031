import type { ComponentChildren } from 'preact';

interface ScrollerProps {
  readonly as: 'code' | 'div' | 'pre';
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A box that may scroll, and that the keyboard reaches for that. */
export function Scroller({ as: Box, class: name, children }: ScrollerProps) {
  return (
    <Box class={name} tabIndex={0}>
      {children}
    </Box>
  );
}
