import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

interface VirtualListProps {
  readonly count: number;
  /** In pixels. */
  readonly rowHeight: number;
  /** Of the whole list, in pixels; all the room that its parent has without. */
  readonly height?: number;
  readonly row: (index: number) => ComponentChildren;
  readonly keyOf: (index: number) => string | number;
  readonly role?: 'list' | 'treegrid' | 'rowgroup' | 'log';
  readonly label: string;
  /** Is brought into view when it changes. */
  readonly focused?: number | undefined;
  /** The id of the row that the keyboard is at. */
  readonly activeId?: string | undefined;
  readonly onKeyDown?: (event: KeyboardEvent) => void;
  /** Has the focus when it appears. */
  readonly isFocused?: boolean;
  /** Which rows are in view. */
  readonly onRange?: (first: number, last: number) => void;
  readonly class?: string;
}

const overscan = 12;

/** A list of rows of one height, of which only those in view are in the document. */
export function VirtualList({
  count,
  rowHeight,
  height,
  row,
  keyOf,
  role = 'list',
  label,
  focused,
  activeId,
  onKeyDown,
  isFocused = false,
  onRange,
  class: className = '',
}: VirtualListProps) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ first: 0, last: 40 });
  const measure = () => {
    const element = box.current;
    if (element === null) return;
    const first = Math.max(0, Math.floor(element.scrollTop / rowHeight) - overscan);
    const last = Math.ceil((element.scrollTop + element.clientHeight) / rowHeight) + overscan;
    setView((before) => (before.first === first && before.last === last ? before : { first, last }));
    onRange?.(
      Math.floor(element.scrollTop / rowHeight),
      Math.ceil((element.scrollTop + element.clientHeight) / rowHeight),
    );
  };
  useLayoutEffect(measure, [count, rowHeight, height]);
  useEffect(() => {
    const observer = new ResizeObserver(measure);
    if (box.current !== null) observer.observe(box.current);
    return () => observer.disconnect();
  }, [rowHeight]);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || focused === undefined || focused < 0) return;
    const top = focused * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = top + rowHeight - element.clientHeight;
  }, [focused, rowHeight]);
  useEffect(() => {
    if (isFocused) box.current?.focus({ preventScroll: true });
  }, [isFocused]);
  // A row that was in view before the list was scrolled is the same: only new ones are made and compared.
  const made = useRef({ row, rowHeight, nodes: new Map<number, VNode>() });
  if (made.current.row !== row || made.current.rowHeight !== rowHeight)
    made.current = { row, rowHeight, nodes: new Map() };
  const before = made.current.nodes;
  const nodes = new Map<number, VNode>();
  for (let index = view.first; index < Math.min(count, view.last); index += 1)
    nodes.set(
      index,
      before.get(index) ?? <Row key={keyOf(index)} index={index} rowHeight={rowHeight} row={row} />,
    );
  made.current.nodes = nodes;
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: its role is one of those that have a name.
    // biome-ignore lint/a11y/noStaticElementInteractions: as above
    <div
      ref={box}
      class={`virtual ${className}`}
      role={role}
      aria-label={label}
      aria-rowcount={role === 'treegrid' ? count : undefined}
      aria-activedescendant={activeId}
      onScroll={measure}
      onKeyDown={onKeyDown}
      tabIndex={0}
      style={height === undefined ? { height: '100%' } : { height: `${height}px` }}
    >
      <div class="virtual-inner" role="presentation" style={{ height: `${count * rowHeight}px` }}>
        {[...nodes.values()]}
      </div>
    </div>
  );
}

/** A component of its own, so that a signal that one row reads draws that row anew. */
function Row({ index, rowHeight, row }: Pick<VirtualListProps, 'rowHeight' | 'row'> & { index: number }) {
  return (
    <div
      class="virtual-row"
      role="presentation"
      style={{ height: `${rowHeight}px`, transform: `translateY(${index * rowHeight}px)` }}
    >
      {row(index)}
    </div>
  );
}
