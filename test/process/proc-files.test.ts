import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { numberAfter, readProc, systemFiles, wholeNumber } from '../../src/process/proc-files.js';
import { fakeFiles } from './support/fake-files.js';

const status = `Name:\tnode
VmPeak:\t  999999 kB
VmSize:\t 1005464 kB
Threads:\t11
voluntary_ctxt_switches:\t150
`;
const limits = `Limit                     Soft Limit           Hard Limit           Units     
Max processes             96365                96365                processes 
Max open files            1024                 1048576              files     
`;

describe('what /proc says', () => {
  test('is the virtual size in bytes, the threads, the open files and the soft limit', () => {
    const files = fakeFiles(
      { '/proc/self/status': status, '/proc/self/limits': limits },
      { '/proc/self/fd': 21 },
    );
    expect(readProc(files)).toEqual({
      virtualBytes: 1_005_464 * 1_024,
      threads: 11,
      openFiles: 21,
      maxOpenFiles: 1_024,
    });
  });

  test('has no limit where it is unlimited', () => {
    const files = fakeFiles({
      '/proc/self/status': status,
      '/proc/self/limits': limits.replace('1024 ', 'unlimited '),
    });
    expect(readProc(files)).toMatchObject({ maxOpenFiles: undefined, openFiles: undefined });
  });

  test('lacks what is not in it, and is nothing where there is no /proc', () => {
    expect(readProc(fakeFiles({ '/proc/self/status': 'Name:\tnode\n' }))).toEqual({
      virtualBytes: undefined,
      threads: undefined,
      openFiles: undefined,
      maxOpenFiles: undefined,
    });
    expect(readProc(fakeFiles({}))).toBeUndefined();
  });
});

describe('a number after a key', () => {
  test('is found at the beginning of a line alone', () => {
    expect(numberAfter('xkey: 1\nkey: 2\n', 'key:')).toBe(2);
    expect(numberAfter('key: 3', 'key:')).toBe(3);
    expect(numberAfter('a key: 1', 'key:')).toBeUndefined();
    expect(numberAfter('key:\n4', 'key:')).toBeUndefined();
  });

  test('comes back from any text that holds it', () => {
    const line = fc.string().filter((text) => !text.includes('\n') && !text.startsWith('key:'));
    fc.assert(
      fc.property(fc.array(line), fc.nat(), fc.array(line), (before, number, after) => {
        expect(numberAfter([...before, `key: \t${number} kB`, ...after].join('\n'), 'key:')).toBe(number);
      }),
    );
  });

  test('is a whole number that is not negative, or undefined, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const number = wholeNumber(text);
        if (/^[0-9]+$/.test(text)) expect(number).toBe(Number(text));
        else expect(number).toBeUndefined();
      }),
    );
    expect(wholeNumber('-1')).toBeUndefined();
    expect(wholeNumber('max')).toBeUndefined();
    expect(wholeNumber(undefined)).toBeUndefined();
  });
});

describe("the system's files", () => {
  test('that are missing are undefined, and no error', () => {
    expect(systemFiles.text('/nowhere/at/all')).toBeUndefined();
    expect(systemFiles.entries('/nowhere/at/all')).toBeUndefined();
  });
});
