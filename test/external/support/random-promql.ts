/** Numbers in [0, 1) that a seed decides (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Random = () => number;

const pick = <T>(random: Random, choices: readonly T[]): T =>
  choices[Math.floor(random() * choices.length)] as T;
const whole = (random: Random, max: number) => Math.floor(random() * (max + 1));

/** Series of counters with resets, gauges, histograms and information, with gaps, stale markers and values that are no number. */
export function randomSeries(random: Random): Record<string, string> {
  const series: Record<string, string> = {};
  for (const job of ['a', 'b']) {
    for (const instance of ['1', '2', '3']) {
      for (const code of ['200', '404', '500']) {
        if (random() < 0.8)
          series[`c_total{job="${job}",instance="${instance}",code="${code}"}`] = counter(random);
      }
      if (random() < 0.9) series[`g{job="${job}",instance="${instance}"}`] = gauge(random);
      if (random() < 0.7) series[`g_max{job="${job}",instance="${instance}"}`] = `${1 + whole(random, 3)}x80`;
      series[`up{job="${job}",instance="${instance}"}`] = gauge(random, 1);
    }
    series[`info{job="${job}",team="${pick(random, ['x', 'y'])}",version="1"}`] = '1x80';
    for (const [index, le] of ['0.1', '0.5', '1', '2.5', '+Inf'].entries()) {
      if (random() < 0.95)
        series[`h_bucket{job="${job}",le="${le}"}`] = `0+${(index + 1) * (1 + whole(random, 2))}x80`;
    }
  }
  return series;
}

function counter(random: Random): string {
  const parts: string[] = [];
  let value = whole(random, 20);
  for (let length = 0; length < 80; ) {
    const steps = 1 + whole(random, 15);
    length += steps + 1;
    const step = pick(random, [0, 0, 1, 2, 5, 0.5, 7]);
    parts.push(`${value}+${step}x${steps}`);
    value += step * (steps + 1);
    const event = random();
    if (event < 0.15) value = whole(random, 3);
    else if (event < 0.3) parts.push(`_x${1 + whole(random, 8)}`);
    else if (event < 0.4) parts.push('stale');
  }
  return parts.join(' ');
}

function gauge(random: Random, max = 40): string {
  const parts: string[] = [];
  for (let length = 0; length < 80; ) {
    const times = whole(random, 6);
    length += times + 1;
    const odd = random();
    if (odd < 0.03 && max > 1) parts.push(pick(random, ['NaN', 'Inf', '-Inf']));
    else if (odd < 0.1) parts.push(`_x${1 + whole(random, 25)}`);
    else if (odd < 0.15) parts.push('stale');
    else parts.push(`${max === 1 ? whole(random, 1) : whole(random, max) / 4 - 2}x${times}`);
  }
  return parts.join(' ');
}

const durations = ['15s', '30s', '1m', '90s', '2m', '5m', '10m'];

function selector(random: Random): string {
  const matchers = [
    'job="a"',
    'job!="a"',
    'instance=~"1|2"',
    'instance!~"[23]"',
    'code=~"5.."',
    'code!="200"',
    'le="0.5"',
    'missing=""',
    'job=~".+"',
    'le=~".*"',
  ];
  const name = pick(random, [
    'c_total',
    'c_total',
    'g',
    'g',
    'g_max',
    'up',
    'info',
    'h_bucket',
    'absent_metric',
  ]);
  const chosen = Array.from({ length: whole(random, 2) }, () => pick(random, matchers));
  if (random() < 0.05) return `{__name__=~"${name}|up",${chosen.map((one) => `${one},`).join('')}}`;
  return chosen.length === 0 ? name : `${name}{${chosen.join(',')}}`;
}

const offset = (random: Random) =>
  random() < 0.15 ? ` offset ${random() < 0.2 ? '-' : ''}${pick(random, durations)}` : '';

function matrix(random: Random, depth: number): string {
  if (depth > 0 && random() < 0.2)
    return `(${vector(random, depth - 1)})[${pick(random, durations)}:${pick(random, ['', '15s', '40s', '1m'])}]${offset(random)}`;
  return `${selector(random)}[${pick(random, durations)}]${offset(random)}`;
}

function scalar(random: Random, depth: number): string {
  if (depth <= 0 || random() < 0.6)
    return pick(random, [
      '0',
      '1',
      '2',
      '0.5',
      '3',
      '10',
      '-1',
      '1e3',
      '0x1F',
      'Inf',
      'NaN',
      'time()',
      'pi()',
    ]);
  if (random() < 0.4) return `scalar(${vector(random, depth - 1)})`;
  return `(${scalar(random, depth - 1)} ${pick(random, ['+', '-', '*', '/', '%', '^', '== bool', '< bool'])} ${scalar(random, depth - 1)})`;
}

const overRange =
  'rate,increase,delta,irate,idelta,changes,resets,deriv,avg_over_time,count_over_time,last_over_time,max_over_time,min_over_time,sum_over_time,present_over_time,stddev_over_time,stdvar_over_time,absent_over_time'.split(
    ',',
  );
const overVector =
  'abs,ceil,floor,exp,sqrt,ln,log2,log10,sgn,sort,sort_desc,timestamp,absent,deg,rad,sin,atan,tanh'.split(
    ',',
  );
const ofDate = 'minute,hour,day_of_week,day_of_month,day_of_year,days_in_month,month,year'.split(',');
const labels = ['job', 'instance', 'code', 'le', 'team', '__name__', 'missing'];
const some = (random: Random, of = labels) => of.filter(() => random() < 0.35).join(', ');

/** An expression that gives an instant vector, unless it fails. */
export function vector(random: Random, depth: number): string {
  if (depth <= 0) return selector(random) + offset(random);
  const inner = () => vector(random, depth - 1);
  switch (whole(random, 11)) {
    case 0:
      return selector(random) + offset(random);
    case 1:
    case 2:
      return `${pick(random, overRange)}(${matrix(random, depth - 1)})`;
    case 3:
      return `${pick(random, overVector)}(${inner()})`;
    case 4:
    case 5:
      return aggregation(random, depth);
    case 6:
      return `(${inner()} ${pick(random, ['+', '-', '*', '/', '>', '<', '==', '!=', '>=', '<=', '> bool', '%', '^', 'atan2'])} ${scalar(random, 1)})`;
    case 7:
      return `(${scalar(random, 1)} ${pick(random, ['+', '-', '*', '/', '>', '<', '== bool', '<= bool'])} ${inner()})`;
    case 8:
      return `(${inner()} ${pick(random, ['and', 'or', 'unless'])}${pick(random, ['', ` on (${some(random)})`, ` ignoring (${some(random)})`])} ${inner()})`;
    case 9:
      return joined(random, depth);
    case 10:
      return other(random, depth);
    default:
      return `-${inner()}`;
  }
}

function aggregation(random: Random, depth: number): string {
  const operator = pick(random, [
    'sum',
    'sum',
    'avg',
    'count',
    'min',
    'max',
    'group',
    'stddev',
    'stdvar',
    'topk',
    'bottomk',
    'quantile',
    'count_values',
  ]);
  const grouping = pick(random, ['', `by (${some(random)})`, `without (${some(random)})`]);
  const parameter =
    { topk: '2, ', bottomk: '1, ', quantile: '0.7, ', count_values: '"value", ' }[operator] ?? '';
  // The last digits of a logarithm are the processor's, and would stand in a label.
  const inner = vector(random, depth - 1);
  const args = `(${parameter}${operator === 'count_values' ? `round(${inner}, 0.125)` : inner})`;
  const whole = random() < 0.5 ? `${operator} ${grouping} ${args}` : `${operator}${args} ${grouping}`;
  // Which of equals is among the best is chance; how much the best are is not.
  const isChoice = operator === 'topk' || operator === 'bottomk';
  return isChoice ? `count_values("value", round(${whole}, 0.125))` : whole;
}

function joined(random: Random, depth: number): string {
  const operator = pick(random, ['+', '-', '*', '/', '>', '==', '<= bool', '^', '%']);
  const both = (matching: string) => {
    const by = 'sum by (job, instance)';
    return `(${by} (${vector(random, depth - 1)}) ${operator}${matching} ${by} (${vector(random, depth - 1)}))`;
  };
  switch (whole(random, 5)) {
    case 0:
      return both('');
    case 1:
      return both(` on (${pick(random, ['job', 'job, instance', 'instance', ''])})`);
    case 2:
      return `(${vector(random, depth - 1)} ${operator} on (job) group_left (${pick(random, ['', 'team', 'team, version', 'missing'])}) info)`;
    case 3:
      return `(info ${operator} on (job) group_right (${pick(random, ['', 'team'])}) ${vector(random, depth - 1)})`;
    case 4:
      return `(g ${operator} ignoring (${pick(random, ['', 'code'])}) g_max)`;
    default:
      return `(${vector(random, depth - 1)} ${operator} ${vector(random, depth - 1)})`;
  }
}

function other(random: Random, depth: number): string {
  const inner = vector(random, depth - 1);
  return pick(random, [
    `histogram_quantile(${pick(random, ['0.5', '0.9', '0.99', '0', '1', '1.1', '-1'])}, ${pick(random, ['rate(h_bucket[5m])', 'h_bucket', 'sum by (le) (rate(h_bucket[2m]))', inner])})`,
    `label_replace(${inner}, "${pick(random, ['job', 'new', 'code'])}", "${pick(random, ['$1', 'x-$1', '', '$' + '{1}y', '$2'])}", "${pick(random, ['job', 'instance'])}", "${pick(random, ['(.*)', 'a', '([a-z])', '(1)|2'])}")`,
    // What Go makes of a date that is no number depends on the processor.
    `${pick(random, ofDate)}(${random() < 0.2 ? '' : `86400 * c_total * ${whole(random, 300)}`})`,
    `label_join(${inner}, "${pick(random, ['new', 'job'])}", "-", "job", "instance")`,
    `clamp_min(${inner}, ${scalar(random, 0)})`,
    `clamp_max(${inner}, ${scalar(random, 0)})`,
    `clamp(${inner}, 0, 5)`,
    `round(${inner}${pick(random, ['', ', 0.5', ', 10'])})`,
    `vector(${scalar(random, 1)})`,
    `predict_linear(${matrix(random, depth - 1)}, 60)`,
    `quantile_over_time(${pick(random, ['0.5', '0.9', '2'])}, ${matrix(random, depth - 1)})`,
  ]);
}
