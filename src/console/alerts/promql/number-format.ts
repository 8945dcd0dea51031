/** Of Go's `%g`: the exponent has a sign and at least two digits. */
const goExponent = (text: string): string =>
  text.replace(/e([+-])(\d)$/, (_, sign: string, digit: string) => `e${sign}0${digit}`);

const special = (value: number): string | undefined => {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return Object.is(value, -0) ? '-0' : undefined;
};

/** As Go's `%.<digits>g`. */
export function formatDigits(value: number, digits: number): string {
  const text = special(value);
  if (text !== undefined) return text;
  const exponential = value.toExponential(digits - 1);
  const exponent = Number(exponential.slice(exponential.indexOf('e') + 1));
  const stripped = (number: string) => (number.includes('.') ? number.replace(/\.?0+$/, '') : number);
  if (exponent < -4 || exponent >= digits) {
    const [mantissa = '', power = ''] = exponential.split('e');
    return goExponent(`${stripped(mantissa)}e${power}`);
  }
  return stripped(value.toFixed(Math.max(0, digits - 1 - exponent)));
}

/** As Go prints a float where no format is asked for: all its digits, with an exponent from a million on, or below 0.0001. */
export function formatShortest(value: number): string {
  const text = special(value);
  if (text !== undefined) return text;
  const exponential = value.toExponential();
  const exponent = Number(exponential.slice(exponential.indexOf('e') + 1));
  return exponent < -4 || exponent >= 6 ? goExponent(exponential) : formatFloat(value);
}

/** As Go's `%f` with as many digits as it takes: never an exponent. */
export function formatFloat(value: number): string {
  const text = special(value);
  if (text !== undefined) return text;
  const [mantissa = '', power] = String(value).split('e');
  if (power === undefined) return mantissa;
  const sign = mantissa.startsWith('-') ? '-' : '';
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = whole + fraction;
  const point = whole.length + Number(power);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, '0');
}
