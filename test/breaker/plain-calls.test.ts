import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Circuit } from '../../src/breaker/circuit.js';
import { type BreakerOptions, resolveBreaker } from '../../src/breaker/options.js';
import type { Permit } from '../../src/breaker/permit.js';
import { createRuntime } from '../../src/breaker/runtime.js';
import { createFakeClock } from '../support/fake-clock.js';

type Ending = 'success' | 'failure' | 'ignore' | 'hold';
type Call = (ending: Ending) => void;

function end(permit: Permit, ending: Ending): void {
  if (ending === 'success') permit.success();
  else if (ending === 'failure') permit.failure(undefined, 'timeout');
  else if (ending === 'ignore') permit.ignore();
  else permit.hold(300);
}

function create(options: BreakerOptions) {
  const clock = createFakeClock();
  const runtime = createRuntime({ now: clock.now, random: () => 0.5 });
  const circuit = new Circuit('orders:80', resolveBreaker({ jitterRatio: 0, ...options }), runtime);
  const moves: string[] = [];
  circuit.onTransition(({ from, to, why, evidence }) => moves.push(`${from}>${to}:${why} ${evidence}`));
  return { circuit, clock, moves, state: () => [circuit.snapshot(), moves] };
}

/** With a permit from the start. */
function beginWithPermit(circuit: Circuit, evidence: string): Call | undefined {
  const permit = circuit.tryAcquire();
  if (permit === undefined) return undefined;
  permit.evidence = evidence;
  return (ending) => end(permit, ending);
}

/** With one only where the call needs it. */
function begin(circuit: Circuit, evidence: string): Call | undefined {
  const generation = circuit.plainGeneration;
  if (generation === undefined) return beginWithPermit(circuit, evidence);
  return (ending) => {
    if (ending === 'success' && circuit.countClean(generation)) return;
    const permit = circuit.permitFor(generation);
    permit.evidence = evidence;
    end(permit, ending);
  };
}

const action = fc.oneof(
  { weight: 30, arbitrary: fc.constant({ do: 'begin' } as const) },
  {
    weight: 30,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      at: fc.nat(7),
      ending: fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom<Ending>('success', 'failure') },
        { weight: 1, arbitrary: fc.constantFrom<Ending>('ignore', 'hold') },
      ),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 100, 500, 2_000) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'force' } as const) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('mode' as const),
      mode: fc.constantFrom<'enforce' | 'observe' | 'off'>('enforce', 'observe', 'off'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('configure' as const),
      slowCallMs: fc.constantFrom(undefined, 100),
      maxConcurrent: fc.constantFrom(undefined, 2),
    }),
  },
);

test('a call that gets a permit only where it needs one is counted as one that has it from the start', () => {
  const options = { minimumCalls: 3, windowMs: 1_000, openMs: 400, maxOpenMs: 1_000, probes: 2 };
  fc.assert(
    fc.property(fc.array(action, { minLength: 20, maxLength: 120, size: 'max' }), (actions) => {
      const permits = create(options);
      const plain = create(options);
      const calls: [Call | undefined, Call | undefined][] = [];
      let begun = 0;
      for (const one of actions) {
        if (one.do === 'begin') {
          begun += 1;
          const pair: [Call | undefined, Call | undefined] = [
            beginWithPermit(permits.circuit, `call ${begun}`),
            begin(plain.circuit, `call ${begun}`),
          ];
          expect(pair[1] === undefined).toBe(pair[0] === undefined);
          calls.push(pair);
        } else if (one.do === 'end') {
          const [pair] = calls.splice(one.at % Math.max(1, calls.length), 1);
          for (const call of pair ?? []) call?.(one.ending);
        } else {
          for (const { circuit, clock } of [permits, plain]) {
            if (one.do === 'wait') clock.advanceNow(one.ms);
            else if (one.do === 'force') circuit.forceClose();
            else if (one.do === 'mode') circuit.setMode(one.mode);
            else {
              const { slowCallMs, maxConcurrent } = one;
              circuit.configure({
                ...options,
                jitterRatio: 0,
                ...(slowCallMs !== undefined && { slowCallMs }),
                ...(maxConcurrent !== undefined && { maxConcurrent }),
              });
            }
          }
        }
        expect(plain.state()).toEqual(permits.state());
      }
    }),
  );
});

test('a good call behind a clean window takes no permit, one behind a failure does', () => {
  const { circuit } = create({});
  circuit.tryAcquire()?.success();
  const generation = circuit.plainGeneration as number;
  expect(circuit.countClean(generation)).toBe(true);
  circuit.tryAcquire()?.failure();
  expect(circuit.countClean(generation)).toBe(false);
  expect(circuit.snapshot()).toMatchObject({ calls: 3, failures: 1 });
});
