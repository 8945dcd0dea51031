import { parseTraceParent } from '@opentelemetry/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  FLAG_RANDOM,
  FLAG_SAMPLED,
  formatTraceparent,
  parseTraceparent,
} from '../../src/context/traceparent.js';
import { anyHeader, damaged, spanId, traceId } from './arbitraries.js';

const trace = '12345678901234567890123456789012';
const span = '1234567890123456';
const parent = (version: string, rest = '-01') => `${version}-${trace}-${span}${rest}`;
const valid = parent('00');

describe('a traceparent that continues the trace', () => {
  test.each([
    ['version 00', valid, 1],
    ['blanks before it', `  ${valid}`, 1],
    ['a tab before it', `\t${valid}`, 1],
    ['a blank after it', `${valid} `, 1],
    ['blanks and tabs on both sides', `\t ${valid} \t`, 1],
    ['version 01', parent('01'), 1],
    ['version cc', parent('cc'), 1],
    ['version fe', parent('fe'), 1],
    ['version 0f', parent('0f'), 1],
    ['version f0', parent('f0'), 1],
    ['a higher version with an empty field after the flags', parent('cc', '-01-'), 1],
    ['a higher version with more fields', parent('cc', '-01-what-the-future-will-be-like'), 1],
    ['a higher version with a field that is not ASCII', parent('cc', '-03-é'), 3],
    ['a higher version, blanks around it', ` ${parent('cc', '-01-x')} `, 1],
    ['no flag', parent('00', '-00'), 0],
    ['the random flag', parent('00', '-02'), 2],
    ['both flags', parent('00', '-03'), 3],
    ['all flags, the unknown ones dropped', parent('00', '-ff'), 3],
    ['one unknown flag, dropped', parent('00', '-10'), 0],
    ['unknown flags of the low digit, dropped', parent('00', '-0c'), 0],
    ['unknown flags of both digits, dropped', parent('00', '-fe'), 2],
    ['unknown flags of a higher version, dropped', parent('01', '-fd'), 1],
    ['an array of one', [valid], 1],
  ])('is read: %s', (_, header, flags) => {
    expect(parseTraceparent(header)).toEqual({ traceId: trace, spanId: span, flags });
  });

  test('may have ids with a single digit that is not zero', () => {
    const ids = { traceId: `${'0'.repeat(31)}1`, spanId: `${'0'.repeat(15)}f` };
    expect(parseTraceparent(formatTraceparent(ids.traceId, ids.spanId, 0))).toEqual({ ...ids, flags: 0 });
  });

  test('is read up to 1,024 characters', () => {
    const longest = parent('01', `-01-${'x'.repeat(1_024 - 56)}`);
    expect(longest).toHaveLength(1_024);
    expect(parseTraceparent(longest)).toBeDefined();
    expect(parseTraceparent(`${longest}x`)).toBeUndefined();
  });
});

describe('a traceparent that restarts the trace', () => {
  test.each<[string, unknown]>([
    ['absent', undefined],
    ['null', null],
    ['a number', 5],
    ['an object', { length: 55 }],
    ['empty', ''],
    ['only blanks', ' '.repeat(60)],
    ['version ff', parent('ff')],
    ['version ff with more fields', parent('ff', '-01-x')],
    ['version FF', parent('FF')],
    ['version CC', parent('CC')],
    ['version .0', parent('.0')],
    ['version 0.', parent('0.')],
    ['version of one digit', parent('0')],
    ['version of three digits', parent('000')],
    ['version of four digits', parent('0000')],
    ['no version', `${trace}-${span}-01`],
    ['version 00 with a dot after the flags', parent('00', '-01.')],
    ['version 00 with a dash after the flags', parent('00', '-01-')],
    ['version 00 with another field', parent('00', '-01-x')],
    ['version 00 with a long field', parent('00', '-01-what-the-future-will-be-like')],
    ['higher version with a dot after the flags', parent('cc', '-01.what-the-future-will-be-like')],
    ['higher version with a letter after the flags', parent('cc', '-01x')],
    ['higher version with a digit after the flags', parent('cc', '-011')],
    ['higher version with a comma after the flags', parent('cc', '-01,')],
    ['higher version with a blank after the flags', parent('cc', '-01 -x')],
    ['higher version, 54 characters', parent('cc', '-0')],
    ['higher version, 54 characters and a blank', parent('cc', '-0 ')],
    ['higher version, no flags', parent('cc', '-')],
    ['trace id all zero', `00-${'0'.repeat(32)}-${span}-01`],
    ['trace id with an illegal first character', `00-.${trace.slice(1)}-${span}-01`],
    ['trace id with an illegal last character', `00-${trace.slice(1)}.-${span}-01`],
    ['trace id of 33 digits', `00-${trace}3-${span}-01`],
    ['trace id of 31 digits', `00-${trace.slice(1)}-${span}-01`],
    ['trace id in upper case', `00-${trace.slice(1)}A-${span}-01`],
    ['span id all zero', `00-${trace}-${'0'.repeat(16)}-01`],
    ['span id with an illegal first character', `00-${trace}-.${span.slice(1)}-01`],
    ['span id with an illegal last character', `00-${trace}-${span.slice(1)}.-01`],
    ['span id of 17 digits', `00-${trace}-${span}7-01`],
    ['span id of 15 digits', `00-${trace}-${span.slice(1)}-01`],
    ['span id in upper case', `00-${trace}-${span.slice(1)}F-01`],
    ['flags with an illegal first digit', parent('00', '-.0')],
    ['flags with an illegal second digit', parent('00', '-0.')],
    ['flags of three digits', parent('00', '-001')],
    ['flags of one digit', parent('00', '-1')],
    ['flags in upper case', parent('00', '-0A')],
    ['underscores between the fields', valid.replaceAll('-', '_')],
    ['an inner blank', valid.replace('-', ' ')],
    ['a blank after a separator', `00- ${trace}-${span}-01`],
    ['a byte that is not ASCII', `00-é${trace.slice(1)}-${span}-01`],
    ['a character beyond latin1 that ends in the byte of a digit', `00-\u0131${trace.slice(1)}-${span}-01`],
    ['a no-break space before it', `\u00a0${valid}`],
    ['a line break after it', `${valid}\n`],
    ['7 kB long', valid.repeat(130)],
    ['7 kB of a higher version', parent('01', `-01-${'x'.repeat(7_000)}`)],
    ['7 kB of blanks around it', `${' '.repeat(7_000)}${valid}`],
    ['two that Node joined', `${valid}, ${valid}`],
    ['two joined without a blank', `${valid},${valid}`],
    ['two of a higher version, joined', `${parent('cc')}, ${parent('cc')}`],
    [
      'two of a higher version with more fields, joined',
      `${parent('cc', '-01-x')}, ${parent('cc', '-01-x')}`,
    ],
    ['two in an array', [valid, valid]],
    ['none in an array', []],
    ['a bad one in an array', [parent('ff')]],
    ['an array in an array', [[valid]]],
  ])('is refused: %s', (_, header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });

  test.each([['ABCDEF'], ['G'], ['`'], ['/'], [':'], ['g'], ['@']])(
    'has none of the characters %s in any field',
    (characters) => {
      for (const character of characters) {
        for (let at = 0; at < valid.length; at += 1) {
          expect(parseTraceparent(valid.slice(0, at) + character + valid.slice(at + 1))).toBeUndefined();
        }
      }
    },
  );
});

describe('formatTraceparent', () => {
  test.each([
    [0, '00'],
    [FLAG_SAMPLED, '01'],
    [FLAG_RANDOM, '02'],
    [FLAG_SAMPLED | FLAG_RANDOM, '03'],
    [0xff, '03'],
    [0x10, '00'],
    [0xfd, '01'],
    [-1, '03'],
    [Number.NaN, '00'],
    [undefined as unknown as number, '00'],
  ])('writes the flags %d as %s', (flags, digits) => {
    expect(formatTraceparent(trace, span, flags)).toBe(`00-${trace}-${span}-${digits}`);
  });
});

describe('for every input', () => {
  const anyFlags = fc.integer({ min: 0, max: 0xff });
  const wellFormed = fc
    .tuple(fc.integer({ min: 0, max: 0xfe }), traceId, spanId, anyFlags)
    .map(([version, ...[trace, span, flags]]) =>
      [version.toString(16).padStart(2, '0'), trace, span, flags.toString(16).padStart(2, '0')].join('-'),
    );

  test('what was formatted is parsed to the same', () => {
    fc.assert(
      fc.property(traceId, spanId, anyFlags, (traceId, spanId, flags) => {
        expect(parseTraceparent(formatTraceparent(traceId, spanId, flags))).toEqual({
          traceId,
          spanId,
          flags: flags & 3,
        });
      }),
    );
  });

  test('what was parsed is formatted as a valid version 00', () => {
    fc.assert(
      fc.property(fc.oneof(wellFormed, damaged(wellFormed)), (header) => {
        const parsed = parseTraceparent(header);
        fc.pre(parsed !== undefined);
        const sent = formatTraceparent(parsed.traceId, parsed.spanId, parsed.flags);
        expect(sent).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[0-3]$/);
        expect(header).toContain(sent.slice(2, 52));
      }),
    );
  });

  test('it agrees with the official parser, but for the flags and what that one lets through', () => {
    fc.assert(
      fc.property(fc.oneof(wellFormed, damaged(wellFormed)), (header) => {
        const theirs = parseTraceParent(header);
        const ours = parseTraceparent(header);
        if (ours !== undefined && header.length === 55) {
          expect(theirs).toMatchObject({ traceId: ours.traceId, spanId: ours.spanId });
          expect((theirs?.traceFlags ?? 0) & 3).toBe(ours.flags);
        }
        if (theirs !== null && /^[0-9a-f-]*$/.test(header)) expect(ours).toBeDefined();
      }),
      { numRuns: 1_000 },
    );
  });

  test('it never throws', () => {
    fc.assert(
      fc.property(anyHeader(damaged(wellFormed)), (header) => {
        parseTraceparent(header);
      }),
      { numRuns: 2_000 },
    );
  });
});
