import { describe, expect, test } from 'vitest';
import { createLog } from '../../src/core/log.js';
import { createOutages } from '../../src/export/outage.js';
import { createFakeClock } from '../support/fake-clock.js';

function create() {
  const lines: string[] = [];
  const clock = createFakeClock();
  const outageOf = createOutages(
    createLog('info', (line) => lines.push(line)),
    clock,
  );
  return { lines, clock, outageOf };
}

const down = (reason: string) =>
  `golden-signals warn: telemetry cannot be exported to http://c:4318${reason.includes('ECONNREFUSED') ? ', where nothing answers' : ''} (${reason}); it is dropped and counted until it can`;
const up = 'golden-signals info: telemetry is exported to http://c:4318 again';

describe('an outage', () => {
  test('is said once, and its end is', () => {
    const { lines, outageOf } = create();
    const spans = outageOf('spans', 'http://c:4318');
    spans.succeeded();
    spans.failed('ECONNREFUSED');
    spans.failed('ECONNRESET');
    spans.succeeded();
    spans.succeeded();
    expect(lines).toEqual([down('spans: ECONNREFUSED'), up]);
  });

  test('of all signals to one destination is one, and over when each of them arrives again', () => {
    const { lines, outageOf } = create();
    const [spans, metrics] = [outageOf('spans', 'http://c:4318'), outageOf('metrics', 'http://c:4318')];
    metrics.failed('status 503');
    spans.failed('status 503');
    spans.succeeded();
    expect(lines).toEqual([down('metrics: status 503')]);
    metrics.succeeded();
    expect(lines).toEqual([down('metrics: status 503'), up]);
  });

  test('of another destination is another one', () => {
    const { lines, outageOf } = create();
    outageOf('spans', 'http://c:4318').failed('x');
    outageOf('metrics', 'http://d:4318').failed('x');
    expect(lines).toHaveLength(2);
  });

  test('that comes back within five minutes is not said again, nor its end', () => {
    const { lines, clock, outageOf } = create();
    const spans = outageOf('spans', 'http://c:4318');
    spans.failed('x');
    spans.succeeded();
    clock.advanceNow(299_999);
    spans.failed('x');
    spans.succeeded();
    expect(lines).toHaveLength(2);
    clock.advanceNow(1);
    spans.failed('x');
    spans.succeeded();
    expect(lines).toHaveLength(4);
  });
});
