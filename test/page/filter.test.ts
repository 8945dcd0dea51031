import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { complete } from '../../src/page/filter/completion.js';
import { filterText, parseFilter, type Term, termText, withTerm } from '../../src/page/filter/filter-text.js';
import { logFilterText, logParams, logTerms } from '../../src/page/logs/log-filter.js';
import {
  TRACE_FIELDS,
  traceFilterText,
  traceParams,
  traceTerms,
} from '../../src/page/traces/trace-filter.js';

const brief = (text: string) =>
  traceTerms(text).map(({ field, operator, value }) => `${field}${operator}${value}`);

describe('a filter as it is typed', () => {
  test.each([
    ['service=order', ['service==order'.replace('==', '=')]],
    ['service: order', ['service=order']],
    ['duration > 300 ms error', ['duration>300ms', 'error=true']],
    ['duration>2s duration < 5s', ['duration>2s', 'duration<5s']],
    ['route = "/orders/:id" status=5xx', ['route=/orders/:id', 'status=5xx']],
    ['route=/orders/:id', ['route=/orders/:id']],
    ['attr.db.table = cards has log', ['attr.db.table=cards', 'has log=true']],
    ['attr.Key="a \\"b\\""', ['attr.Key=a "b"']],
    ['error=false', ['error=false']],
    ['slow card lookup', ['text=slow card lookup']],
    ['card service=order lookup', ['text=card lookup', 'service=order']],
    ['"error"', ['text=error']],
    ['12:30 a=b', ['text=12:30 a=b']],
    ['', []],
  ])('%s', (text, terms) => {
    expect(brief(text)).toEqual(terms);
  });

  test('says what is wrong with a value, and asks for the rest', () => {
    const terms = traceTerms('status=abc duration>fast service>x error=maybe route=/a');
    expect(terms.map(({ problem }) => problem)).toEqual([
      'a status such as 503 or 5xx, not abc',
      'a time such as 300 ms, 2 s or 1 m, not fast',
      'service takes =, not >',
      'true or false, not maybe',
      undefined,
    ]);
    expect(traceParams(terms)).toEqual({ route: '/a' });
  });

  test('is the question of the API', () => {
    expect(
      traceParams(
        traceTerms('service=order duration>300ms duration<2s error has log attr.a=1 attr.b= some text'),
      ),
    ).toEqual({
      service: 'order',
      min: '300ms',
      max: '2s',
      error: 'true',
      hasLog: 'true',
      attr: ['a=1', 'b=some'],
      text: 'text',
    });
    expect(
      logParams(logTerms('level=WARN trace=0123456789abcdef0123456789abcdef attr.table=cards slow')),
    ).toEqual({
      level: 'warn',
      trace: '0123456789abcdef0123456789abcdef',
      attr: ['table=cards'],
      text: 'slow',
    });
  });

  test('reads what other pages link with', () => {
    const read = (search: string) => traceFilterText(new URLSearchParams(search));
    expect(read('service=order&route=%2Fa%20b&min=2s&error=true&text=x%20y')).toBe(
      'service = order route = "/a b" duration > 2s error "x y"',
    );
    expect(read('q=error&service=order')).toBe('error');
    expect(logFilterText(new URLSearchParams('level=warn&service=order&attr=a=b'))).toBe(
      'level >= warn service = order attr.a = b',
    );
  });

  test('is read again as it was, whatever its values are', () => {
    const value = fc
      .string({ minLength: 1, maxLength: 20 })
      .filter((text) => text.trim() === text && text !== '');
    const term = fc.oneof(
      value.map((one): Term => ({ field: 'service', operator: '=', value: one, problem: undefined })),
      value.map((one): Term => ({ field: 'attr.some.key', operator: '=', value: one, problem: undefined })),
      fc.constant<Term>({ field: 'error', operator: '=', value: 'true', problem: undefined }),
    );
    fc.assert(
      fc.property(fc.array(term, { maxLength: 4 }), (terms) => {
        expect(parseFilter(filterText(terms), TRACE_FIELDS)).toEqual(terms);
      }),
    );
  });

  test('a text is read again as a text', () => {
    const value = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => text.trim() !== '');
    fc.assert(
      fc.property(value, (text) => {
        const term: Term = { field: 'text', operator: '=', value: text, problem: undefined };
        expect(traceTerms(termText(term))).toEqual([term]);
      }),
    );
  });

  test('never fails on what is typed', () => {
    fc.assert(fc.property(fc.string(), (text) => void traceParams(traceTerms(text))));
  });

  test('a new condition takes the place of the one before, and attributes go together', () => {
    const [error] = traceTerms('service=b') as [Term];
    expect(filterText(withTerm(traceTerms('service=a error attr.x=1'), error))).toBe(
      'error attr.x = 1 service = b',
    );
    const [more] = traceTerms('attr.y=2') as [Term];
    expect(withTerm(traceTerms('attr.x=1'), more)).toHaveLength(2);
    const [shorter] = traceTerms('duration<5s') as [Term];
    expect(withTerm(traceTerms('duration>1s'), shorter)).toHaveLength(2);
  });
});

describe('completion', () => {
  const vocabulary = {
    service: ['order-service', 'payment-service', 'a b'],
    'attr.db.table': ['cards', 'orders'],
    'attr.http.method': ['GET'],
  };
  const at = (typed: string) => {
    const found = complete(typed, typed.length, TRACE_FIELDS, vocabulary);
    return { from: found.from, texts: found.options.map(({ text }) => text) };
  };

  test('offers fields first', () => {
    expect(at('').texts.slice(0, 3)).toEqual(['service = ', 'route = ', 'name = ']);
    expect(at('err').texts).toEqual(['error ']);
    expect(at('error dur').from).toBe(6);
    expect(at('error dur').texts).toEqual(['duration > ']);
  });

  test('says whose values it looks for', () => {
    const wanted = (typed: string) => complete(typed, typed.length, TRACE_FIELDS, vocabulary).wanted;
    expect(wanted('service = ')).toBe('service');
    expect(wanted('error attr.Customer = a')).toBe('attr.Customer');
    expect(wanted('attr.')).toBe('attr.');
    // What has a form of its own is not looked up.
    expect(wanted('duration > ')).toBeUndefined();
    expect(wanted('err')).toBeUndefined();
  });

  test('offers the values of a field, those that begin so before those that have it', () => {
    expect(at('service = ').texts).toEqual(['order-service ', 'payment-service ', '"a b" ']);
    expect(at('service=pay')).toEqual({ from: 8, texts: ['payment-service '] });
    expect(at('service=service').texts).toEqual(['order-service ', 'payment-service ']);
    expect(at('status = 5').texts[0]).toBe('5xx ');
  });

  test('offers the keys of attributes, and their values', () => {
    expect(at('attr.').texts).toEqual(['attr.db.table = ', 'attr.http.method = ']);
    expect(at('attr.db.table = c').texts).toEqual(['cards ']);
  });
});
