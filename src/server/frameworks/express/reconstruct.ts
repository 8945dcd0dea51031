import { type Layer, type LayerMatch, matchLayer } from './layer.js';

const maxChars = 500;

/** Where a parameter's value stands in a path. */
interface Slot {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The template of a mount path whose text the router did not keep (the router package before 2.3), worked out by asking the layer
 * itself: each value is changed in place, and where the layer then reports the changed value is the parameter. Undefined when some of
 * it could be a value, for a raw value must never get into a template. Where the layer ignores letter case, the template is in lower
 * case.
 */
export function reconstructTemplate(layer: Layer, match: LayerMatch): string | undefined {
  // Asking takes time by the square of the length, and a caller chooses that.
  if (match.path.length > maxChars) return undefined;
  const slots: Slot[] = [];
  for (const [name, value] of Object.entries(match.params)) {
    if (value === undefined) continue;
    const slot = slotOf(layer, match, name, Array.isArray(value) ? value.join('/') : String(value));
    if (slot === undefined) return undefined;
    slots.push(slot);
  }
  slots.sort((a, b) => a.start - b.start);
  const textOf = mindsCase(layer, match.path) ? (text: string) => text : (text: string) => text.toLowerCase();
  let template = '';
  let from = 0;
  for (const slot of slots) {
    if (slot.start < from) return undefined;
    template += textOf(match.path.slice(from, slot.start));
    template += /^\d+$/.test(slot.name) ? '*' : `:${slot.name}`;
    if (!isLiteral(layer, match.path, from, slot.start)) return undefined;
    from = slot.end;
  }
  if (!isLiteral(layer, match.path, from, match.path.length)) return undefined;
  return template + textOf(match.path.slice(from));
}

function slotOf(layer: Layer, match: LayerMatch, name: string, value: string): Slot | undefined {
  const forms = [...rawSegments(match.path, value), value, encodeURIComponent(value), encodeURI(value)];
  for (const raw of new Set(forms)) {
    if (raw === '') continue;
    for (let start = match.path.indexOf(raw); start >= 0; start = match.path.indexOf(raw, start + 1)) {
      const end = start + raw.length;
      for (const shift of shifts) {
        const changed = shifted(raw, shift);
        const probe = matchLayer(layer, match.path.slice(0, start) + changed + match.path.slice(end));
        if (
          probe !== undefined &&
          reported(probe.params[name]) === reported(decoded(changed)) &&
          othersAgree(match, probe, name)
        ) {
          return { name, start, end };
        }
      }
    }
  }
  return undefined;
}

function rawSegments(path: string, value: string): string[] {
  return path.split('/').filter((segment) => decoded(segment) === value);
}

function othersAgree(match: LayerMatch, probe: LayerMatch, changed: string): boolean {
  return Object.keys(match.params).every(
    (name) => name === changed || reported(match.params[name]) === reported(probe.params[name]),
  );
}

/**
 * True when no character in the range can be another one of its kind: it is text of the pattern, not a value. One other that matches
 * may be that of a second path, as in ['/v1', '/v2'].
 */
function isLiteral(layer: Layer, path: string, from: number, to: number): boolean {
  for (let index = from; index < to; index += 1) {
    const char = path[index] as string;
    let others = 0;
    for (const shift of shifts) {
      const other = shifted(char, shift);
      const probe = path.slice(0, index) + other + path.slice(index + 1);
      if (other !== char && matchLayer(layer, probe)?.path === probe) others += 1;
    }
    if (others > 1) return false;
  }
  return true;
}

function mindsCase(layer: Layer, path: string): boolean {
  const other = path.replace(/%[0-9a-f]{2}|[a-z]/gi, (char) => {
    if (char.length > 1) return char;
    return char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase();
  });
  return matchLayer(layer, other)?.path !== other;
}

// Steps to other letters and digits: an expression that allows some kinds only, such as hex digits, allows one of these.
const shifts = [1, 5, 8, -1];

/** The same text with every letter and digit replaced by another of its class, and everything else but slashes by a letter. */
function shifted(text: string, shift: number): string {
  return text.replace(/%[0-9a-f]{2}|[^/]/gi, (char) => {
    const first = /^[a-z]$/.test(char)
      ? 'a'
      : /^[A-Z]$/.test(char)
        ? 'A'
        : /^\d$/.test(char)
          ? '0'
          : undefined;
    if (first === undefined) return 'q';
    const size = first === '0' ? 10 : 26;
    const origin = first.charCodeAt(0);
    return String.fromCharCode(origin + ((char.charCodeAt(0) - origin + shift + size) % size));
  });
}

function reported(value: unknown): string {
  return Array.isArray(value) ? value.join('/') : String(value);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
