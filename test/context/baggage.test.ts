import {
  type Baggage,
  type BaggageEntry,
  baggageEntryMetadataFromString,
  propagation,
} from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatBaggage, parseBaggage } from '../../src/context/baggage.js';
import { anyHeader, anyText, baggageKey, damaged } from './arbitraries.js';

type Entries = Record<string, [value: string, properties?: string]>;

function entriesOf(baggage: Baggage | undefined): Entries | undefined {
  if (baggage === undefined) return undefined;
  return Object.fromEntries(
    baggage
      .getAllEntries()
      .map(([key, { value, metadata }]) => [
        key,
        metadata === undefined ? [value] : [value, metadata.toString()],
      ]),
  );
}

function baggageOf(entries: Entries): Baggage {
  let baggage = propagation.createBaggage();
  for (const [key, [value, properties]] of Object.entries(entries)) {
    const entry: BaggageEntry = { value };
    if (properties !== undefined) entry.metadata = baggageEntryMetadataFromString(properties);
    baggage = baggage.setEntry(key, entry);
  }
  return baggage;
}

/** Sends on a baggage to which something was added, so that every member is written anew. */
function formatChanged(header: unknown): string | undefined {
  const parsed = parseBaggage(header);
  return parsed && formatBaggage(parsed.setEntry('added', { value: '1' }));
}

// Written after the ABNF of the specification, apart from the source.
const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const octets = '[\\x21\\x23-\\x2b\\x2d-\\x3a\\x3c-\\x5b\\x5d-\\x7e]*';
const validMember = new RegExp(`^${token}=${octets}(?:;${token}(?:=${octets})?)*$`);

describe('a baggage header', () => {
  const longValue = 'v'.repeat(5_000);

  test.each<[string, unknown, Entries]>([
    ['one member', 'userId=alice', { userId: ['alice'] }],
    ['several members', 'userId=alice,isProduction=false', { userId: ['alice'], isProduction: ['false'] }],
    ['several fields', ['userId=alice', 'a=1,b=2'], { userId: ['alice'], a: ['1'], b: ['2'] }],
    [
      'whitespace everywhere',
      ' k1 \t = \t v1 \t ; \t p1 \t ; p2 \t=\t x \t , \t k2=v2\t',
      { k1: ['v1', 'p1;p2=x'], k2: ['v2'] },
    ],
    ['an empty value', 'a=,b=1', { a: [''], b: ['1'] }],
    ['an empty value before properties', 'a=;p', { a: ['', 'p'] }],
    ['equals signs in a value', 'a=b=c==', { a: ['b=c=='] }],
    ['a percent-encoded value', 'serverNode=DF%2028', { serverNode: ['DF 28'] }],
    ['percent-encoded UTF-8', 'userId=Am%C3%A9lie,a=%f0%9f%8e%89', { userId: ['Amélie'], a: ['🎉'] }],
    ['percent-encoded delimiters', 'a=%2C%3B%3D%25%22%5C', { a: [',;=%"\\'] }],
    ['a plus sign, which is none else', 'a=1+1', { a: ['1+1'] }],
    [
      'every octet that is allowed',
      `a=!#$&'()*+-./09:<=>?@AZ[]^_\`az{|}~`,
      { a: ["!#$&'()*+-./09:<=>?@AZ[]^_`az{|}~"] },
    ],
    ['every character of a key', "!#$&'*+-.^_`|~09AZaz=1", { "!#$&'*+-.^_`|~09AZaz": ['1'] }],
    ['a key with percent signs, taken literally', 'a%20b=1', { 'a%20b': ['1'] }],
    [
      'a key that is special to JavaScript',
      '__proto__=1,constructor=2',
      Object.fromEntries([
        ['__proto__', ['1']],
        ['constructor', ['2']],
      ]),
    ],
    [
      'properties',
      'key1=value1;property1;property2,key3=value3; propertyKey=propertyValue',
      { key1: ['value1', 'property1;property2'], key3: ['value3', 'propertyKey=propertyValue'] },
    ],
    ['properties of one name', 'a=1;p;p=x;p=y', { a: ['1', 'p;p=x;p=y'] }],
    ['a property value, left encoded', 'a=1;p=%20x', { a: ['1', 'p=%20x'] }],
    ['a property with an empty value', 'a=1;p=', { a: ['1', 'p='] }],
    ['an empty property', 'a=1;;p;', { a: ['1', 'p'] }],
    ['a blank property', 'a=1; ;p;\t', { a: ['1', 'p'] }],
    ['empty properties only', 'a=1;,b=2; ;', { a: ['1'], b: ['2'] }],
    ['empty members', ',a=1,, ,b=2,', { a: ['1'], b: ['2'] }],
    ['a member of 5,000 bytes', `a=${longValue}`, { a: [longValue] }],
    ['two members of one key', 'a=1,b=2,a=3', { a: ['3'], b: ['2'] }],
  ])('is read with %s', (_, header, entries) => {
    expect(entriesOf(parseBaggage(header))).toEqual(entries);
  });

  test.each([
    ['%FF', '\ufffd'],
    ['a%C3b', 'a\ufffdb'],
    ['%E2%82', '\ufffd'],
    ['%C3%28', '\ufffd('],
    ['%ED%A0%80', '\ufffd\ufffd\ufffd'],
    ['100%', '100\ufffd'],
    ['%zz', '\ufffdzz'],
    ['%E0%A4%A', '\ufffd\ufffdA'],
    ['%41%', 'A\ufffd'],
    ['%EF%BB%BFa', '\ufeffa'],
    ['50%%', '50\ufffd\ufffd'],
    ['%%41', '\ufffdA'],
  ])('decodes the value %j, ill-formed parts as U+FFFD', (encoded, value) => {
    const parsed = parseBaggage(`a=${encoded},b=1`);
    expect(entriesOf(parsed)).toEqual({ a: [value], b: ['1'] });
    expect(decodeURIComponent(formatBaggage(parsed as Baggage) ?? '')).toBe(`a=${value},b=1`);
  });

  test.each([
    ['no equals sign', 'bad'],
    ['no key', '=bad'],
    ['a blank in the key', 'b ad=1'],
    ['a key that is not ASCII', 'bäd=1'],
    ['a delimiter in the key', 'b(a)d=1'],
    ['a blank in the value', 'bad=1 1'],
    ['a quote in the value', 'bad="1"'],
    ['a backslash in the value', 'bad=\\'],
    ['a value that is not ASCII', 'bad=é'],
    ['a control character', 'bad=\u0001'],
    ['a no-break space', 'bad=1\u00a0'],
    ['a bad property name', 'bad=1;p q'],
    ['a bad property value', 'bad=1;p="q"'],
    ['a property without a name', 'bad=1;=q'],
    ['an equals sign in the properties only', 'bad;p=1'],
  ])('loses a member, and that one only, for %s', (_, bad) => {
    const parsed = parseBaggage(`a=1,${bad},b=2;p`);
    expect(entriesOf(parsed)).toEqual({ a: ['1'], b: ['2', 'p'] });
    expect(formatBaggage(parsed as Baggage)).toBe('a=1,b=2;p');
  });

  test.each([undefined, null, 5, {}, [], '', ' ', ',,', [''], 'bad', ['bad', '=']])(
    'holds nothing when it is %j',
    (header) => {
      expect(parseBaggage(header)).toBeUndefined();
    },
  );
});

describe('a baggage that is sent on', () => {
  test.each([
    ['as it came', 'a=%41;p=%20,b=1+1', 'a=%41;p=%20,b=1+1'],
    ['without optional whitespace', ' a = 1 ; p = q , b=2 ', 'a=1;p=q,b=2'],
    ['without empty properties', 'a=1;, b=2; ;p', 'a=1,b=2;p'],
    ['with duplicates, in order', 'a=1,b=2,a=3', 'a=1,b=2,a=3'],
    ['in the order it came, numbers too', 'b=1,2=2,1=3', 'b=1,2=2,1=3'],
    ['as one field', ['a=1', 'b=2'], 'a=1,b=2'],
  ])('goes out %s when nobody changed it', (_, header, sent) => {
    expect(formatBaggage(parseBaggage(header) as Baggage)).toBe(sent);
  });

  test('goes out with what was added, changed and removed', () => {
    const parsed = parseBaggage('a=1;p,b=2,c=3,a=4;q') as Baggage;
    const changed = parsed.setEntry('b', { value: 'é' }).removeEntry('c').setEntry('d', { value: '' });
    expect(formatBaggage(changed)).toBe('a=4;q,b=%C3%A9,d=');
    expect(formatBaggage(parsed)).toBe('a=1;p,b=2,c=3,a=4;q');
  });

  test('is nothing when everything was removed', () => {
    expect(formatBaggage((parseBaggage('a=1') as Baggage).clear())).toBeUndefined();
    expect(formatBaggage(propagation.createBaggage())).toBeUndefined();
  });
});

describe('formatBaggage', () => {
  test.each<[string, string]>([
    ['plain', 'plain'],
    ['', ''],
    ['a=b', 'a=b'],
    ['DF 28', 'DF%2028'],
    ['Amélie', 'Am%C3%A9lie'],
    ['🎉', '%F0%9F%8E%89'],
    [',;%"\\', '%2C%3B%25%22%5C'],
    ['100%', '100%25'],
    ['%20', '%2520'],
    ['1+1', '1%2B1'],
    ['\r\nset-cookie: a', '%0D%0Aset-cookie:%20a'],
    ['\u007f\u0000', '%7F%00'],
    ['\ud800', '%EF%BF%BD'],
    ["!#$&'()*-./:<=>?@[]^_`{|}~", "!#$&'()*-./:<=>?@[]^_`{|}~"],
  ])('writes the value %j as %s', (value, encoded) => {
    expect(formatBaggage(baggageOf({ a: [value] }))).toBe(`a=${encoded}`);
  });

  test.each<[string, string]>([
    ['p1;p2=x', ';p1;p2=x'],
    [' p1 ; p2 = x ', ';p1;p2=x'],
    ['p=%20', ';p=%20'],
    ['p=', ';p='],
    ['', ''],
    [';;=x; ', ''],
    ['p=a b,c=1', ';p=a%20b%2Cc=1'],
    ['p (q)\r\n', ';p%20%28q%29%0D%0A'],
    ['p=é', ';p=%C3%A9'],
  ])('writes the metadata %j as the properties %j', (metadata, written) => {
    expect(formatBaggage(baggageOf({ a: ['1', metadata] }))).toBe(`a=1${written}`);
  });

  test.each(['', 'user id', 'ключ', 'a,b', 'a=b', 'a;b', 'a\r\nb', 'a"b'])(
    'leaves out the key %j, which no header can hold',
    (key) => {
      expect(formatBaggage(baggageOf({ a: ['1'], [key]: ['2'], b: ['3'] }))).toBe('a=1,b=3');
    },
  );

  test('takes from JavaScript what can be text, and leaves out the rest', () => {
    const values: unknown[] = [
      5,
      true,
      7n,
      undefined,
      null,
      {},
      Object.create(null),
      [],
      () => 1,
      Symbol('x'),
    ];
    let baggage = propagation.createBaggage();
    for (const [index, value] of values.entries())
      baggage = baggage.setEntry(`k${index}`, { value: value as string });
    baggage = baggage.setEntry('none', undefined as unknown as BaggageEntry);
    expect(formatBaggage(baggage)).toBe('k0=5,k1=true,k2=7');
  });
});

describe('the limits', () => {
  const numbered = (count: number) => Array.from({ length: count }, (_, index) => `k${index}=${index}`);

  test.each([64, 180])('let %d members pass, received or written', (count) => {
    expect(formatBaggage(parseBaggage(numbered(count)) as Baggage)).toBe(numbered(count).join());
    expect(formatChanged(numbered(count - 1))).toBe([...numbered(count - 1), 'added=1'].join());
  });

  test('let no more than 180 members pass', () => {
    expect(formatBaggage(parseBaggage(numbered(181)) as Baggage)).toBe(numbered(180).join());
    expect(formatChanged(numbered(180))).toBe(numbered(180).join());
  });

  test.each([1, 64])('let 8,192 bytes in %d members pass, and not one more', (count) => {
    const others = numbered(count - 1)
      .map((member) => `${member},`)
      .join('');
    const longest = `${others}z=${'v'.repeat(8_192 - others.length - 2)}`;
    expect(longest).toHaveLength(8_192);
    expect(formatBaggage(parseBaggage(longest) as Baggage)).toBe(longest);
    expect(formatBaggage(parseBaggage(`${longest}v`) as Baggage)).toBe(
      others === '' ? undefined : others.slice(0, -1),
    );
    expect(formatChanged(longest.slice(0, -'added=1,'.length))).toHaveLength(8_192);
  });

  test('count for all fields together', () => {
    const half = 'v'.repeat(4_094);
    expect(formatBaggage(parseBaggage([`a=${half}`, `b=${half.slice(1)}`]) as Baggage)).toHaveLength(8_192);
    expect(formatBaggage(parseBaggage([`a=${half}`, `b=${half}`]) as Baggage)).toBe(`a=${half}`);
  });

  test('take out the member that is too long and keep those after it', () => {
    expect(formatBaggage(parseBaggage(`a=1,b=${'v'.repeat(9_000)},c=3`) as Baggage)).toBe('a=1,c=3');
  });

  test('leave whitespace out of the count', () => {
    expect(formatBaggage(parseBaggage(`a=1${' '.repeat(9_000)},b=2`) as Baggage)).toBe('a=1,b=2');
  });
});

describe('for every input', () => {
  const member = fc.tuple(
    baggageKey,
    fc.oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.string({ maxLength: 20 })),
    fc.option(baggageKey),
  );
  const members = fc.uniqueArray(member, { minLength: 1, maxLength: 20, selector: ([key]) => key });
  const entries = members.map(
    (list): Entries =>
      Object.fromEntries(
        list.map(([key, value, property]) => [key, property === null ? [value] : [value, property]]),
      ),
  );
  const header = members.map((list) =>
    list
      .map(
        ([key, value, property]) =>
          `${key}=${encodeURIComponent(value)}${property === null ? '' : `;${property}=x`}`,
      )
      .join(),
  );

  test('what was formatted is parsed to the same', () => {
    fc.assert(
      fc.property(entries, (entries) => {
        const sent = formatBaggage(baggageOf(entries));
        expect(entriesOf(parseBaggage(sent))).toEqual(entries);
      }),
      { numRuns: 500 },
    );
  });

  test('what encodeURIComponent wrote is read', () => {
    fc.assert(
      fc.property(baggageKey, fc.string({ unit: 'grapheme' }), (key, value) => {
        expect(parseBaggage(`${key}=${encodeURIComponent(value)}`)?.getEntry(key)?.value).toBe(value);
      }),
    );
  });

  test('what is sent on is valid, within the limits, and read to the same', () => {
    fc.assert(
      fc.property(fc.oneof(damaged(header), fc.array(header), anyText), fc.boolean(), (header, change) => {
        const parsed = parseBaggage(header);
        fc.pre(parsed !== undefined);
        const baggage = change ? parsed.setEntry('a', { value: 'ü' }) : parsed;
        const sent = formatBaggage(baggage) ?? '';
        expect(sent.split(',').filter((part) => !validMember.test(part))).toEqual([]);
        expect(sent.length).toBeLessThanOrEqual(8_192);
        expect(entriesOf(parseBaggage(sent))).toEqual(entriesOf(baggage));
      }),
      { numRuns: 500 },
    );
  });

  test('whole members of any size are kept in order within the limits', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 250 });
    fc.assert(
      fc.property(sizes, fc.boolean(), (sizes, change) => {
        const all = sizes.map((size, index) => `k${index}=${'v'.repeat(size)}`);
        const sent =
          (change ? formatChanged(all) : formatBaggage(parseBaggage(all) as Baggage))?.split(',') ?? [];
        const expected = change ? [...all, 'added=1'] : all;
        expect(expected.filter((part) => sent.includes(part))).toEqual(sent);
        expect(sent.length).toBeLessThanOrEqual(180);
        expect(sent.join().length).toBeLessThanOrEqual(8_192);
        if (expected.length <= 180 && expected.join().length <= 8_192) expect(sent).toEqual(expected);
      }),
    );
  });

  test('nothing throws', () => {
    fc.assert(
      fc.property(
        anyHeader(damaged(header)),
        anyText,
        fc.oneof(anyText, fc.anything()),
        anyText,
        (header, key, value, metadata) => {
          const entry = { value: value as string, metadata: baggageEntryMetadataFromString(metadata) };
          formatBaggage(
            (parseBaggage(header) ?? propagation.createBaggage()).setEntry(key, entry).setEntry('k', entry),
          );
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
