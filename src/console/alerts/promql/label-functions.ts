import type { LabelSet } from '../label-set.js';
import { anchored } from '../matcher.js';
import { PromqlError } from './promql-error.js';
import type { Sample, Vector } from './vector.js';

type Relabel = (labels: LabelSet) => LabelSet;

const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

function checkName(name: string, where: string): void {
  if (!labelName.test(name)) throw new PromqlError(`invalid label name in ${where}: ${name}`);
}

/** `label_replace`: sets a label to what a regular expression finds in another one; labels in which it finds nothing stay as they are. */
export function createLabelReplace(to: string, replacement: string, from: string, source: string): Relabel {
  checkName(to, 'label_replace()');
  const pattern = anchored(source);
  return (labels) => {
    const match = pattern.exec(labels.get(from));
    return match === null ? labels : labels.with({ [to]: expand(replacement, match) });
  };
}

/** `$1`, `$name` and `$$`, as Go expands them: a name is as long as it can be. */
function expand(replacement: string, match: RegExpExecArray): string {
  return replacement.replace(/\$(?:\$|(\w+)|\{(\w+)\})/g, (whole, bare?: string, braced?: string) => {
    const name = bare ?? braced;
    if (name === undefined) return whole === '$$' ? '$' : whole;
    return (/^\d+$/.test(name) ? match[Number(name)] : match.groups?.[name]) ?? '';
  });
}

/** `label_join`: sets a label to others, joined. */
export function createLabelJoin(to: string, separator: string, from: readonly string[]): Relabel {
  for (const name of [to, ...from]) checkName(name, 'label_join()');
  return (labels) => labels.with({ [to]: from.map((name) => labels.get(name)).join(separator) });
}

export function relabelled(relabel: Relabel): (vector: Vector) => Sample[] {
  const known = new WeakMap<LabelSet, LabelSet>();
  return (vector) =>
    vector.map(({ labels, value }) => {
      let made = known.get(labels);
      if (made === undefined) {
        made = relabel(labels);
        known.set(labels, made);
      }
      return { labels: made, value };
    });
}
