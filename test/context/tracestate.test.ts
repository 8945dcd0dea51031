import { createTraceState, type TraceState } from '@opentelemetry/api';
import { TraceState as OfficialTraceState } from '@opentelemetry/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatTracestate, parseTracestate } from '../../src/context/tracestate.js';
import {
  anyHeader,
  anyText,
  damaged,
  tracestateKey,
  tracestateMembers,
  tracestateValue,
} from './arbitraries.js';

function parse(header: unknown): TraceState {
  const state = parseTracestate(header);
  if (state === undefined) throw new Error(`refused ${JSON.stringify(header)}`);
  return state;
}

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `k${index}=${index}`);

// Written after the ABNF of the specification, apart from the source.
const validMember =
  /^[\x61-\x7a\x30-\x39][\x61-\x7a\x30-\x39_\-*/@]{0,255}=[\x20\x21-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const membersOf = (text: string) =>
  text
    .split(',')
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((member) => member !== '');

describe('a tracestate that is read', () => {
  const allKeyCharacters = 'abcdefghijklmnopqrstuvwxyz0123456789_-*/';
  const allValueCharacters = String.fromCharCode(
    ...Array.from({ length: 0x5f }, (_, index) => 0x20 + index).filter(
      (code) => code !== 0x2c && code !== 0x3d,
    ),
  );

  test.each<[string, unknown, string, string]>([
    ['one member', 'foo=1', 'foo', '1'],
    ['one of two members', 'foo=1,bar=2', 'bar', '2'],
    ['several fields', ['foo=1,bar=2', 'rojo=1,congo=2', 'baz=3'], 'congo', '2'],
    ['an empty field after it', ['foo=1', ''], 'foo', '1'],
    ['an empty field before it', ['', 'foo=1'], 'foo', '1'],
    ['fields Node joined, one of them empty', 'foo=1, ', 'foo', '1'],
    ['a trailing comma', 'foo=1,', 'foo', '1'],
    ['empty and blank members', ',, foo=1,\t, ,bar=2,', 'bar', '2'],
    ['blanks and tabs around members', 'foo=1 \t , \t bar=2, \t baz=3', 'bar', '2'],
    ['tabs before the comma', 'foo=1\t \t,\t \tbar=2', 'foo', '1'],
    ['blanks around all of it', '\t foo=1 \t', 'foo', '1'],
    ['leading blanks, which belong to the value', 'foo=  1', 'foo', '  1'],
    ['trailing blanks, which do not', 'foo=1  ,bar=2', 'foo', '1'],
    ['blanks within a value', 'foo=a  b', 'foo', 'a  b'],
    ['a key that starts with a digit', '0foo=1', '0foo', '1'],
    ['a key that ends in @', 'foo@=1,bar=2', 'foo@', '1'],
    ['a key with two @', 'foo@@bar=1,bar=2', 'foo@@bar', '1'],
    ['a key with @ in two places', 'foo@bar@baz=1', 'foo@bar@baz', '1'],
    ['a long tenant before @', `${'t'.repeat(242)}@v=1`, `${'t'.repeat(242)}@v`, '1'],
    ['a long vendor after @', `t@${'v'.repeat(15)}=1`, `t@${'v'.repeat(15)}`, '1'],
    ['all characters of a key', `${allKeyCharacters}@=1`, `${allKeyCharacters}@`, '1'],
    ['all characters of a value', `foo=${allValueCharacters}`, 'foo', allValueCharacters],
    ['a key of 256 characters', `foo=1,${'z'.repeat(256)}=1`, 'z'.repeat(256), '1'],
    ['a value of 256 characters', `foo=${'v'.repeat(256)}`, 'foo', 'v'.repeat(256)],
    ['32 members', numbered(32).join(), 'k31', '31'],
    ['32 members and empty ones', `,${numbered(32).join(' ,,')},`, 'k31', '31'],
    ['32 members in several fields', [numbered(16).join(), 'l=1', numbered(15).join()], 'l', '1'],
    ['the left of two members with one key', 'foo=1,foo=2', 'foo', '1'],
  ])('has %s', (_, header, key, value) => {
    expect(parse(header).get(key)).toBe(value);
  });

  test('has no other keys', () => {
    expect(parse('foo=1,foobar=2').get('bar')).toBeUndefined();
    expect(parse('foo=1').get('fo')).toBeUndefined();
    expect(parse('foo=1').get('')).toBeUndefined();
    expect(parse('foo=1').get('__proto__')).toBeUndefined();
  });

  test.each<[unknown, string]>([
    ['foo=1 \t , \t bar=2,, baz=  3', 'foo=1 \t , \t bar=2,, baz=  3'],
    ['foo=1,foo=2', 'foo=1,foo=2'],
    [`foo=${'v'.repeat(200)},`.repeat(20), `foo=${'v'.repeat(200)},`.repeat(20)],
    [['foo=1', 'bar=2 , baz=3'], 'foo=1,bar=2 , baz=3'],
    [' foo=1\t', 'foo=1'],
  ])('is sent on as it came while nobody changes it: %j', (header, sent) => {
    expect(parse(header).serialize()).toBe(sent);
  });
});

describe('a tracestate that is discarded, all of it', () => {
  test.each<[string, unknown]>([
    ['absent', undefined],
    ['null', null],
    ['empty', ''],
    ['blank', ' \t'],
    ['empty members only', ' ,\t,,'],
    ['an empty array', []],
    ['empty fields', ['', ' ']],
    ['a blank after the key', 'foo =1,bar=2'],
    ['a key in upper case', 'FOO=1,bar=2'],
    ['a dot in a key', 'foo.bar=1,bar=2'],
    ['a key that starts with @', '@foo=1,bar=2'],
    ['a key that starts with _', '_foo=1,bar=2'],
    ['a key that starts with *', '*foo=1,bar=2'],
    ['a key that is not ASCII', 'fooé=1,bar=2'],
    ['a key of 257 characters', `foo=1,${'z'.repeat(257)}=1`],
    ['no key', '=1,bar=2'],
    ['no value', 'foo=,bar=3'],
    ['a blank value', 'foo=  ,bar=3'],
    ['no equals sign', 'bar=3,foo'],
    ['an equals sign in a value', 'foo=bar=baz'],
    ['a value of 257 characters', `foo=${'v'.repeat(257)}`],
    ['a tab in a value', 'foo=a\tb'],
    ['a tab before a value', 'foo=\t1'],
    ['a value that is not ASCII', 'foo=é,bar=1'],
    ['a no-break space after a value', 'foo=1\u00a0'],
    ['a control character', 'foo=\u007f'],
    ['33 members', numbered(33).join()],
    ['33 members in several fields', [numbered(32).join(), 'l=1']],
    ['33 members, two with one key', [...numbered(32), 'k0=1'].join()],
    ['a bad member in another field', ['foo=1', 'BAR=2']],
  ])('has %s', (_, header) => {
    expect(parseTracestate(header)).toBeUndefined();
  });
});

describe('set', () => {
  test('puts a new key to the left', () => {
    expect(parse('foo=1, bar=2').set('own', 'x').serialize()).toBe('own=x,foo=1,bar=2');
  });

  test('moves a changed key to the left, and takes out every older member of it', () => {
    expect(parse('foo=1,own=2,bar=3,own=4').set('own', 'x').serialize()).toBe('own=x,foo=1,bar=3');
  });

  test('keeps keys that merely begin alike', () => {
    expect(parse('foo=1,foobar=2').set('foo', 'x').serialize()).toBe('foo=x,foobar=2');
  });

  test('leaves the state it was called on as it was', () => {
    const state = parse('foo=1');
    state.set('foo', '2');
    expect(state.serialize()).toBe('foo=1');
  });

  test('takes out the right-most of 32 members', () => {
    const [, ...kept] = ['', ...numbered(31)];
    expect(parse(numbered(32).join()).set('own', 'x').serialize()).toBe(['own=x', ...kept].join());
  });

  test('keeps all 32 members when its key was among them', () => {
    const [first, ...others] = numbered(32);
    expect(
      parse([first, ...others].join())
        .set('k31', 'x')
        .serialize(),
    ).toBe(['k31=x', first, ...others.slice(0, -1)].join());
  });

  test.each([
    ['Own', 'x'],
    ['', 'x'],
    ['@own', 'x'],
    ['own=1', 'x'],
    ['own', ''],
    ['own', 'x '],
    ['own', 'x,y'],
    ['own', 'x=y'],
    ['own', 'x\r\nset-cookie: a'],
    ['own', 'é'],
    ['own', 'v'.repeat(257)],
    ['k'.repeat(257), 'x'],
    ['own', undefined as unknown as string],
    [Symbol('own') as unknown as string, 'x'],
  ])('changes nothing when key or value is invalid', (key, value) => {
    const state = parse('foo=1, bar=2');
    expect(state.set(key, value)).toBe(state);
  });
});

describe('a changed state that is too long', () => {
  const long = (key: string, chars: number) => `${key}=${'v'.repeat(chars - key.length - 1)}`;
  const totalOf = (members: string[]) => members.join().length;

  test('is kept whole up to 2,048 characters', () => {
    const members = [...Array.from({ length: 15 }, (_, index) => long(`k${index}`, 128))];
    members.push(long('last', 2_048 - 'own=x,'.length - totalOf(members) - 1));
    const text = ['own=x', ...members].join();
    expect(text).toHaveLength(2_048);
    expect(parse(members.join()).set('own', 'x').serialize()).toBe(text);
    expect(
      parse([...members, 'z=1'].join())
        .set('own', 'x')
        .serialize(),
    ).toBe(text);
    expect(parse(members.join()).set('own', 'xx').serialize()).toBe(
      ['own=xx', ...members.slice(0, -1)].join(),
    );
  });

  test('loses members above 128 characters first, from the right, and no more of them than it has to', () => {
    const small = Array.from({ length: 16 }, (_, index) => long(`k${index}`, 104));
    const members = [
      long('a', 129),
      ...small.slice(0, 8),
      long('b', 129),
      ...small.slice(8),
      long('c', 129),
      long('d', 128),
    ];
    expect(parse(members.join()).set('own', 'x').serialize()).toBe(
      ['own=x', members[0], ...small, members.at(-1)].join(),
    );
  });

  test('loses the others from the right when there are no long ones left', () => {
    const members = [long('a', 250), ...Array.from({ length: 25 }, (_, index) => long(`k${index}`, 100))];
    expect(parse(members.join()).set('own', 'x').serialize()).toBe(['own=x', ...members.slice(1, 21)].join());
  });

  test('keeps the member just written, however long', () => {
    const members = Array.from({ length: 20 }, (_, index) => long(`k${index}`, 120));
    expect(parse(members.join()).set('own', 'x'.repeat(256)).get('own')).toBe('x'.repeat(256));
  });
});

describe('unset', () => {
  test('takes out every member of the key and keeps the rest in order', () => {
    expect(parse('foo=1, bar=2,foo=3 ,baz=4').unset('foo').serialize()).toBe('bar=2,baz=4');
  });

  test('changes nothing when the key is not there', () => {
    const state = parse('foo=1 , bar=2');
    expect(state.unset('fo')).toBe(state);
    expect(state.serialize()).toBe('foo=1 , bar=2');
  });

  test('of the only key leaves nothing to send', () => {
    const empty = parse('foo=1').unset('foo');
    expect(empty.serialize()).toBe('');
    expect(formatTracestate(empty)).toBeUndefined();
    expect(empty.set('own', 'x').serialize()).toBe('own=x');
  });
});

describe('formatTracestate', () => {
  const foreign = (text: unknown): TraceState => ({ ...createTraceState(), serialize: () => text as string });

  test('sends what another implementation holds', () => {
    expect(formatTracestate(createTraceState('foo=1,bar=2'))).toBe('foo=1,bar=2');
    expect(formatTracestate(new OfficialTraceState('foo=1,bar=2'))).toBe('foo=1,bar=2');
  });

  test.each([
    undefined,
    null,
    foreign(''),
    foreign('foo=1\r\nset-cookie: a=b'),
    foreign('FOO=1'),
    foreign(5),
    foreign(undefined),
  ])('sends nothing for what makes no valid header', (state) => {
    expect(formatTracestate(state as TraceState)).toBeUndefined();
  });
});

describe('for every input', () => {
  const pairsOf = (members: [string, string][]) => members.map(([key, value]) => `${key}=${value}`);
  const ows = fc.string({ unit: fc.constantFrom(' ', '\t'), maxLength: 3 });
  const text = tracestateMembers({ minLength: 0, maxLength: 34 }).map((members) => pairsOf(members).join());

  test('up to 32 valid members are all read, whatever the whitespace and however many fields', () => {
    const members = tracestateMembers({ minLength: 1, maxLength: 32 });
    fc.assert(
      fc.property(
        members,
        fc.array(fc.tuple(ows, ows, fc.boolean()), { minLength: 32, maxLength: 32 }),
        (members, around) => {
          const fields: string[] = [];
          for (const [index, pair] of pairsOf(members).entries()) {
            const [before, after, joined] = around[index] ?? ['', '', false];
            const padded = before + pair + after;
            if (joined && fields.length > 0) fields.push(`${fields.pop()},${padded}`);
            else fields.push(padded);
          }
          const state = parse(fields);
          for (const [key, value] of members) expect(state.get(key)).toBe(value);
          expect(membersOf(state.serialize())).toEqual(pairsOf(members));
        },
      ),
    );
  });

  test('what is accepted is valid, and sent on to the character', () => {
    fc.assert(
      fc.property(fc.oneof(text, damaged(text), anyText), (header) => {
        const state = parseTracestate(header);
        const members = membersOf(header);
        const valid =
          members.length > 0 && members.length <= 32 && members.every((member) => validMember.test(member));
        expect(state !== undefined).toBe(valid);
        if (state !== undefined) expect(state.serialize()).toBe(header.replace(/^[ \t]+|[ \t]+$/g, ''));
      }),
      { numRuns: 500 },
    );
  });

  test('set puts its key to the left, keeps order and whole members, and stays within the limits', () => {
    const members = tracestateMembers({ minLength: 1, maxLength: 32 });
    fc.assert(
      fc.property(
        members,
        tracestateKey,
        tracestateValue,
        fc.nat(31),
        fc.boolean(),
        (members, newKey, value, at, update) => {
          const key = update ? (members[at % members.length]?.[0] ?? newKey) : newKey;
          const changed = parse(pairsOf(members).join()).set(key, value);
          const [own, ...kept] = membersOf(changed.serialize());
          const others = pairsOf(members.filter(([other]) => other !== key));

          expect(own).toBe(`${key}=${value}`);
          expect(changed.get(key)).toBe(value);
          expect(others.filter((member) => kept.includes(member))).toEqual(kept);
          expect(kept.length).toBeLessThanOrEqual(31);
          expect([own, ...kept].every((member) => validMember.test(member ?? ''))).toBe(true);
          expect(changed.serialize().length).toBeLessThanOrEqual(2_048);

          const candidates = others.slice(0, 31);
          const whole = [own, ...candidates].join().length;
          if (whole <= 2_048) expect(kept).toEqual(candidates);
          else expect(changed.serialize().length).toBeGreaterThan(2_048 - 514);
          const lostSmall = candidates.some((member) => member.length <= 128 && !kept.includes(member));
          if (lostSmall) expect(kept.every((member) => member.length <= 128)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('it reads and changes what the official class reads, the same way', () => {
    const simpleKey = fc
      .string({ unit: fc.constantFrom(...'abcdefgh_-*/'), maxLength: 6 })
      .map((rest) => `k${rest}`);
    const simpleValue = fc
      .string({ unit: fc.constantFrom(...'ab1 ;:'), maxLength: 6 })
      .map((start) => `${start}v`);
    const members = fc.uniqueArray(fc.tuple(simpleKey, simpleValue), {
      minLength: 1,
      maxLength: 20,
      selector: ([key]) => key,
    });
    fc.assert(
      fc.property(members, simpleKey, simpleValue, (members, key, value) => {
        const header = pairsOf(members).join();
        const theirs = new OfficialTraceState(header);
        const ours = parse(header);
        expect(ours.serialize()).toBe(theirs.serialize());
        expect(ours.get(key)).toBe(theirs.get(key));
        expect(ours.set(key, value).serialize()).toBe(theirs.set(key, value).serialize());
        expect(ours.unset(key).serialize()).toBe(theirs.unset(key).serialize());
      }),
    );
  });

  test('nothing throws', () => {
    fc.assert(
      fc.property(anyHeader(damaged(text)), anyText, anyText, (header, key, value) => {
        const state = parseTracestate(header);
        state?.get(key);
        state?.set(key, value).unset(key).serialize();
      }),
      { numRuns: 1_000 },
    );
  });
});
