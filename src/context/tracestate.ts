import type { TraceState } from '@opentelemetry/api';
import { combineFields, trimOws } from './field-value.js';

const maxMembers = 32;
// The specification asks for at least 512. The largest member has 513 characters, so even after a cut far more than that is left.
const maxChangedChars = 2_048;
const longMemberChars = 128;

const keyPattern = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/;
const valuePattern = /^[ -+\--<>-~]{0,255}[!-+\--<>-~]$/;
const memberPattern = /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[ -+\--<>-~]{0,255}[!-+\--<>-~]$/;

/**
 * A list of `key=value` members, each of them valid, that never changes.
 * `text` is the received header, and is sent on unchanged until the first write.
 */
class MemberList implements TraceState {
  readonly #members: readonly string[];
  readonly #text: string;

  constructor(members: readonly string[], text = members.join(',')) {
    this.#members = members;
    this.#text = text;
  }

  get(key: string): string | undefined {
    const prefix = `${key}=`;
    return this.#members.find((member) => member.startsWith(prefix))?.slice(prefix.length);
  }

  set(key: string, value: string): TraceState {
    if (!isKey(key) || !isValue(value)) return this;
    const others = this.#others(key).slice(0, maxMembers - 1);
    return new MemberList(truncate([`${key}=${value}`, ...others]));
  }

  unset(key: string): TraceState {
    const others = this.#others(key);
    return others.length === this.#members.length ? this : new MemberList(others);
  }

  serialize(): string {
    return this.#text;
  }

  #others(key: string): readonly string[] {
    return this.#members.filter((member) => !member.startsWith(`${key}=`));
  }
}

const isKey = (key: unknown) => typeof key === 'string' && keyPattern.test(key);
const isValue = (value: unknown) => typeof value === 'string' && valuePattern.test(value);

/** Takes out whole members until the rest fits: long ones first, then any, from the right; the left-most was just written and stays. */
function truncate(members: string[]): readonly string[] {
  let chars = members.length - 1;
  for (const member of members) chars += member.length;
  for (const minChars of [longMemberChars + 1, 0]) {
    for (let at = members.length - 1; at > 0 && chars > maxChangedChars; at -= 1) {
      const length = members[at]?.length ?? 0;
      if (length < minChars) continue;
      members.splice(at, 1);
      chars -= length + 1;
    }
  }
  return members;
}

/**
 * Reads a `tracestate` header, all of it or nothing: `undefined` when it is absent, empty, has an invalid member or more than 32 of them.
 * Several fields are combined in order; empty members count for nothing. Read it only beside a valid `traceparent`. Never throws.
 *
 * The result is immutable and sends on the received text unchanged. `set` puts its key to the left, takes out older members of that
 * key, then the right-most beyond 32, then whole members beyond 2,048 characters; with an invalid key or value it changes nothing.
 * @see W3C Trace Context Level 2, "Tracestate Header" and "Mutating the tracestate Field"
 */
export function parseTracestate(header: unknown): TraceState | undefined {
  const text = combineFields(header);
  const members: string[] = [];
  for (let from = 0; from < text.length; ) {
    const comma = text.indexOf(',', from);
    const to = comma === -1 ? text.length : comma;
    const member = trimOws(text.slice(from, to));
    if (member !== '') {
      if (members.length === maxMembers || !memberPattern.test(member)) return undefined;
      members.push(member);
    }
    from = to + 1;
  }
  return members.length === 0 ? undefined : new MemberList(members, text);
}

/**
 * The header of a state, or `undefined` when there is nothing to send.
 * A state of another make is checked first: a line break in it would make the application's own request throw.
 */
export function formatTracestate(state: TraceState | undefined): string | undefined {
  if (!state) return undefined;
  const own = state instanceof MemberList ? state : parseTracestate(state.serialize());
  return own?.serialize() || undefined;
}
