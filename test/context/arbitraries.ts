import fc from 'fast-check';

const codeUnit = (max: number) => fc.integer({ min: 0, max }).map((code) => String.fromCharCode(code));

/** Any sequence of UTF-16 code units, lone surrogates and control characters included. */
export const anyText = fc.string({ unit: codeUnit(0xffff), maxLength: 200 });

/** What Node's parser can put into a header: one character for each byte. */
const latin1Text = fc.string({ unit: codeUnit(0xff), maxLength: 200 });

/** A text near to `valid`: some of it replaced, taken out or repeated. */
export const damaged = (valid: fc.Arbitrary<string>) =>
  fc
    .tuple(
      valid,
      fc.nat(),
      fc.nat(8),
      fc.oneof(fc.constantFrom('', ' ', '\t', ',', ';', '=', '-', '%', '0', 'F', 'é'), latin1Text),
    )
    .map(([text, seed, removed, inserted]) => {
      const at = seed % (text.length + 1);
      return text.slice(0, at) + inserted + text.slice(at + removed);
    });

/** Anything that could stand where a header is expected. */
export const anyHeader = (text: fc.Arbitrary<string>) =>
  fc.oneof(text, anyText, latin1Text, fc.array(fc.oneof(text, latin1Text), { maxLength: 4 }), fc.anything());

const notZero = (digits: string) => /[^0]/.test(digits);
const hex = (length: number) =>
  fc
    .string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length })
    .filter(notZero);

export const traceId = hex(32);
export const spanId = hex(16);

const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => String.fromCharCode(first + index));

const firstOfKey = fc.constantFrom(...range(0x61, 0x7a), ...range(0x30, 0x39));
const restOfKey = fc.constantFrom(...range(0x61, 0x7a), ...range(0x30, 0x39), '_', '-', '*', '/', '@');
const visible = fc.constantFrom(...range(0x21, 0x2b), ...range(0x2d, 0x3c), ...range(0x3e, 0x7e));

/** A key of the Level 2 grammar, now and then a long one. */
export const tracestateKey = fc
  .tuple(
    firstOfKey,
    fc.oneof(
      { weight: 4, arbitrary: fc.string({ unit: restOfKey, maxLength: 10 }) },
      fc.string({ unit: restOfKey, minLength: 100, maxLength: 255 }),
    ),
  )
  .map(([first, rest]) => first + rest);

export const tracestateValue = fc
  .tuple(
    fc.oneof(
      { weight: 4, arbitrary: fc.string({ unit: fc.oneof(visible, fc.constant(' ')), maxLength: 10 }) },
      fc.string({ unit: fc.oneof(visible, fc.constant(' ')), minLength: 100, maxLength: 255 }),
    ),
    visible,
  )
  .map(([start, last]) => start + last);

/** Members as `[key, value]`, keys all different. */
export const tracestateMembers = (constraints: { minLength: number; maxLength: number }) =>
  fc.uniqueArray(fc.tuple(tracestateKey, tracestateValue), { ...constraints, selector: ([key]) => key });

export const baggageKey = fc.string({
  unit: fc.constantFrom(
    ...range(0x30, 0x39),
    ...range(0x41, 0x5a),
    ...range(0x61, 0x7a),
    ..."!#$%&'*+-.^_`|~",
  ),
  minLength: 1,
  maxLength: 12,
});
