import type { Rule } from './rule.js';
import type { RuleConfig } from './rule-options.js';
import { select } from './series.js';

const perBreaker = 'by (job, golden_signals_breaker_name)';
const closed = ['golden_signals_breaker_state="closed"'];
/** As often within 15 minutes a breaker may open and close, together. */
const maxChanges = 6;

/** What a service no longer calls. */
export function breakerRules({ breakerForS }: RuleConfig): readonly Rule[] {
  return [
    {
      alert: 'CircuitBreakerOpen',
      signal: 'errors',
      severity: 'page',
      // Not closed, rather than open: while the upstream is down, an open circuit becomes half-open again and again for a moment.
      expr: `min ${perBreaker} (${select('breakerState', closed)}) == 0`,
      forS: breakerForS,
      threshold: undefined,
      labels: {},
      summary: '{{ $labels.job }} does not call {{ $labels.golden_signals_breaker_name }} any more',
      description:
        'The circuit breaker of {{ $labels.golden_signals_breaker_name }} in {{ $labels.job }} is open: its calls fail without being made.',
      action: 'Look at the upstream. The breaker tries by itself, and closes when calls succeed again.',
      reads: ['breakerState'],
    },
    {
      alert: 'CircuitBreakerFlapping',
      signal: 'errors',
      severity: 'ticket',
      // The gauge misses what comes and goes between two scrapes; the counter has no increase where it begins.
      expr: [
        `max ${perBreaker} (changes(${select('breakerState', closed)}[15m])) >= ${maxChanges}`,
        'or',
        `2 * max ${perBreaker} (increase(${select('breakerTransitions', closed)}[15m])) >= ${maxChanges}`,
      ].join('\n'),
      forS: 0,
      threshold: maxChanges,
      labels: {},
      summary: 'the circuit breaker of {{ $labels.golden_signals_breaker_name }} opens and closes',
      description:
        'Within 15 minutes the circuit breaker of {{ $labels.golden_signals_breaker_name }} in {{ $labels.job }} changed {{ $value | humanize }} times.',
      action:
        'The upstream is half well: look at its errors, then at failureRatio and openMs of the breaker.',
      reads: ['breakerState', 'breakerTransitions'],
    },
  ];
}
