import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { expect, expectTypeOf, test } from 'vitest';
import * as entry from '../../src/breaker.js';

const root = join(__dirname, '../../src/breaker.ts');

/** Everything that a source file loads when it runs, through its own files; type imports load nothing. */
function loadedBy(file: string, seen = new Set<string>()): Set<string> {
  seen.add(file);
  const source = readFileSync(file, 'utf8');
  for (const [, specifier = ''] of source.matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)';/gms)) {
    if (!specifier.startsWith('.')) seen.add(specifier);
    else {
      const next = resolve(dirname(file), specifier.replace(/\.js$/, '.ts'));
      if (!seen.has(next)) loadedBy(next, seen);
    }
  }
  return seen;
}

test('the entry exports what the contract names', () => {
  expect(Object.keys(entry).sort()).toEqual(['CircuitOpenError', 'createBreaker', 'isCircuitOpenError']);
});

test('the entry loads no package and no module of Node', () => {
  const loaded = [...loadedBy(root)];
  expect(loaded.some((name) => name.endsWith('circuit.ts'))).toBe(true);
  expect(loaded.filter((name) => isBuiltin(name) || !name.startsWith('/'))).toEqual([]);
});

test('the types say what the contract says', () => {
  expectTypeOf(entry.createBreaker).parameter(0).toEqualTypeOf<entry.BreakerOptions | undefined>();
  expectTypeOf<ReturnType<entry.Breaker['tryAcquire']>>().toEqualTypeOf<entry.Permit | undefined>();
  expectTypeOf<entry.Breaker['state']>().toEqualTypeOf<
    'closed' | 'open' | 'half-open' | 'forced-open' | 'off'
  >();
  expectTypeOf<ReturnType<entry.Breaker['onTransition']>>().toEqualTypeOf<() => void>();
  expectTypeOf(entry.createBreaker().run(() => 7)).toEqualTypeOf<Promise<number>>();
  expectTypeOf(entry.createBreaker().run(async (signal: AbortSignal) => signal.aborted)).toEqualTypeOf<
    Promise<boolean>
  >();
});
