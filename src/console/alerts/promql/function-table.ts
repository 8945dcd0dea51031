import type { ValueType } from './syntax.js';

/** How a function is called. */
export interface Signature {
  readonly args: readonly ValueType[];
  /** How many of the last arguments may be left out; -1: the last may be there any number of times. */
  readonly optional: number;
  readonly gives: 'scalar' | 'vector';
}

const signature = (
  args: readonly ValueType[],
  gives: 'scalar' | 'vector' = 'vector',
  optional = 0,
): Signature => ({
  args,
  optional,
  gives,
});

const ofVector = signature(['vector']);
const ofRange = signature(['matrix']);
const ofTime = signature(['vector'], 'vector', 1);

/** The functions of PromQL that are known here: all of Prometheus 2.42 but those of native histograms and `holt_winters`. */
export const functionTable: Readonly<Record<string, Signature>> = Object.assign(Object.create(null), {
  ...Object.fromEntries(
    [
      'abs,absent,acos,acosh,asin,asinh,atan,atanh,ceil,cos,cosh,deg,exp,floor,ln,log10,log2,rad,sgn,sin,sinh,sort,sort_desc,sqrt,tan',
      'tanh,timestamp',
    ]
      .join(',')
      .split(',')
      .map((name) => [name, ofVector]),
  ),
  ...Object.fromEntries(
    [
      'absent_over_time,avg_over_time,changes,count_over_time,delta,deriv,idelta,increase,irate,last_over_time,max_over_time',
      'min_over_time,present_over_time,rate,resets,stddev_over_time,stdvar_over_time,sum_over_time',
    ]
      .join(',')
      .split(',')
      .map((name) => [name, ofRange]),
  ),
  ...Object.fromEntries(
    'day_of_month,day_of_week,day_of_year,days_in_month,hour,minute,month,year'
      .split(',')
      .map((name) => [name, ofTime]),
  ),
  clamp: signature(['vector', 'scalar', 'scalar']),
  clamp_max: signature(['vector', 'scalar']),
  clamp_min: signature(['vector', 'scalar']),
  histogram_quantile: signature(['scalar', 'vector']),
  label_join: signature(['vector', 'string', 'string', 'string'], 'vector', -1),
  label_replace: signature(['vector', 'string', 'string', 'string', 'string']),
  pi: signature([], 'scalar'),
  predict_linear: signature(['matrix', 'scalar']),
  quantile_over_time: signature(['scalar', 'matrix']),
  round: signature(['vector', 'scalar'], 'vector', 1),
  scalar: signature(['vector'], 'scalar'),
  time: signature([], 'scalar'),
  vector: signature(['scalar']),
});
