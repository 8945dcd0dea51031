import { isSecretName } from './secret-names.js';

/** Finds what to hide: the group `hide` of every match, unless `isSecret` is false for it. */
interface Rule {
  readonly pattern: RegExp;
  readonly isSecret?: (hidden: string, name: string) => boolean;
}

type Span = readonly [start: number, end: number];

const scheme = '(?:bearer|basic|digest|negotiate)';
const word =
  '(?:passwords?|passwd|passphrase|passcode|pwd|secrets?|tokens?|keys?|credentials?|cookies?|session|signature|jwt|otp|pin|nonce)';
const link = `(?:["'\\])]*\\s*(?:=>|->|[=:])\\s*|\\s+(?:is|was)\\s+)`;
const value = `(?:${scheme}\\s+)?(?:"(?:[^"\\\\]|\\\\.)*"|'(?:[^'\\\\]|\\\\.)*'|)\\S*`;
const given = '(?:(?:provided|given|supplied|received|used)\\b[:,]?\\s+)?';

// What drivers write after 'password', 'key' or 'token'; anything else there may be the secret itself.
const harmless =
  /^(?:authentication|verification|validation|check|values?|constraint|violates|ids?|name|types?|length|size|file|store|exchange|endpoint|request|response|refresh|server|service|provider|failed|failure|error|expired|invalid|missing|mismatch|required|rejected|revoked|incorrect|wrong|unknown|denied|not|too|cannot|could|does|did|must|should|has|have|had|is|was|for|of|in|on|to|by|from|with|at|and|or|but|the|an?|already|no|timed|timeout|closed|lost|ended)[.,;:!)]*$/i;

// What is hidden stands in a lookahead wherever it could hold the beginning of the next match: {"user":"app","token":"..."}.
const urlCredentials: Rule = { pattern: /[a-z][a-z0-9+.-]*:\/\/(?=(?<hide>\S*)@)/dgi };
const secretHeader: Rule = { pattern: /\b(?:authorization|cookie)["']?\s*[=:]\s*(?<hide>.+)$/dgim };
const secretPair: Rule = {
  pattern: new RegExp(`(?<![\\w.-])(?<name>[\\w.-]+)${link}(?=(?<hide>${value}))`, 'dgi'),
  isSecret: (_hidden, name) => isSecretName(name),
};

const rules: readonly Rule[] = [
  urlCredentials,
  { pattern: /(?<hide>[^\s:@/]+:(?!\/\/)\S+)@/dg },
  { pattern: /\?(?<hide>\S+)/dg },
  secretHeader,
  secretPair,
  {
    pattern: new RegExp(`\\b${scheme}\\s+(?:(?:tokens?|auth\\w*|credentials?)\\s+)*(?=(?<hide>\\S+))`, 'dgi'),
    isSecret: (hidden) => !harmless.test(hidden),
  },
  {
    pattern: new RegExp(`\\b${word}(?:\\s+${word})*\\s+${given}(?=(?<hide>\\S+))`, 'dgi'),
    isSecret: (hidden) => !harmless.test(hidden),
  },
  { pattern: /(?<hide>eyJ[\w-]*(?:\.[\w-]*)+)/dg },
  // Keys, hashes and ids carry digits or are very long; the words of a message are neither.
  {
    pattern: /(?<hide>[\w~+-][\w~+/-]{11,}={0,2})/dg,
    isSecret: (token) => token.length >= 32 || /[0-9]/.test(token),
  },
];

/**
 * The line with every secret it seems to hold replaced by `***`. Each rule reads the line as it came: one that has hidden something
 * does not take from another what it would know it by.
 */
export function hideSecrets(line: string): string {
  return hide(line, rules);
}

/** The text without what is a credential beyond doubt: in a URL, in a header, or as the value of a telling name. A stack survives it. */
export function hideCredentials(text: string): string {
  return hide(text, [urlCredentials, secretHeader, secretPair]);
}

function hide(line: string, rules: readonly Rule[]): string {
  const spans = rules.flatMap((rule) => spansOf(line, rule)).sort(([a], [b]) => a - b);
  let shown = '';
  let from = 0;
  for (const [start, end] of spans) {
    if (start > from || from === 0) shown += `${line.slice(from, start)}***`;
    from = Math.max(from, end);
  }
  return shown + line.slice(from);
}

function spansOf(line: string, { pattern, isSecret = () => true }: Rule): Span[] {
  const spans: Span[] = [];
  for (const { groups = {}, indices } of line.matchAll(pattern)) {
    const span = indices?.groups?.hide;
    if (span !== undefined && span[0] < span[1] && isSecret(groups.hide ?? '', groups.name ?? ''))
      spans.push(span);
  }
  return spans;
}
