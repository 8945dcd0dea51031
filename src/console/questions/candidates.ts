import type { Segment } from '../store/segment.js';
import type { Store } from '../store/store.js';
import { type AttributeFilter, hasAttribute } from './attribute-filter.js';

/**
 * Marks the rows of a segment that can have what is asked for, by looking for its bytes in all of them at once: to open each would take a
 * hundred times as long. Only a marked row has to be opened.
 */
function candidates(
  store: Store,
  segment: Segment,
  attributes: readonly AttributeFilter[],
  text: string | undefined,
): Uint8Array {
  const { rows, columns } = segment;
  const bytes = segment.slab.readAll();
  const marks = new Uint8Array(rows).fill(1);
  for (const attribute of attributes) {
    const found = new Uint8Array(rows);
    const ofResource = new Map<number, boolean>();
    for (let row = 0; row < rows; row += 1) {
      const id = columns.resource[row] as number;
      let has = ofResource.get(id);
      if (has === undefined) {
        has = hasAttribute(attribute, store.catalog.resource(id).attributes);
        ofResource.set(id, has);
      }
      if (has) found[row] = 1;
    }
    markAll(found, bytes, Buffer.from(needleOf(attribute), 'utf8'));
    for (let row = 0; row < rows; row += 1) marks[row] = (marks[row] as number) & (found[row] as number);
  }
  if (text !== undefined) {
    const found = new Uint8Array(rows);
    // One character for each byte, so that places stay what they are.
    const lower = bytes.toString('latin1').toLowerCase();
    const needle = Buffer.from(text, 'utf8').toString('latin1').toLowerCase();
    // What is not of ASCII may be written in another case that has other bytes.
    if (/^[\x20-\x7e]*$/.test(text)) markAll(found, lower, needle);
    else found.fill(1);
    const names = new Map<number, boolean>();
    for (let row = 0; row < rows; row += 1) {
      const id = columns.name[row] as number;
      let has = names.get(id);
      if (has === undefined) {
        has = id === 0 || store.catalog.names.text(id).toLowerCase().includes(text);
        names.set(id, has);
      }
      marks[row] = (marks[row] as number) & ((found[row] as number) | (has ? 1 : 0));
    }
  }
  return marks;

  function markAll(found: Uint8Array, within: Buffer | string, needle: Buffer | string): void {
    let row = 0;
    const step = Math.max(1, needle.length);
    for (
      let at = within.indexOf(needle as string, 0);
      at >= 0;
      at = within.indexOf(needle as string, at + step)
    ) {
      while (row + 1 < rows && (columns.offset[row + 1] as number) <= at) row += 1;
      found[row] = 1;
    }
  }
}

/** A text stands there as it reads; of what may be a number or a list, only the key does. */
function needleOf({ key, value }: AttributeFilter): string {
  return value === undefined || /^(-?[\d.]|true$|false$|null$|NaN$|Infinity$|[[{])/.test(value) ? key : value;
}

/** The same for one row after the other: a segment is searched when its first row is asked for, and again once it has grown. */
export function candidateRows(
  store: Store,
  attributes: readonly AttributeFilter[],
  text: string | undefined,
): (segment: Segment, row: number) => boolean {
  let searched: Segment | undefined;
  let marks: Uint8Array | undefined;
  return (segment, row) => {
    if (searched !== segment || (marks?.length ?? 0) <= row) {
      searched = segment;
      marks = candidates(store, segment, attributes, text);
    }
    return marks?.[row] !== 0;
  };
}
