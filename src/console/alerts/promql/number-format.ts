/** More digits than the exact value of a tie between two roundings can have. */
const exactDigits = 100;

/**
 * As Go's `%.<digits>e`. JavaScript rounds a tie up, Go to the even digit: 90.625 is 9.062e+01.
 */
export function formatExponential(value: number, digits: number): string {
  const [mantissa = '', power = ''] = value.toExponential(digits).split('e');
  const [exact = ''] = value.toExponential(exactDigits).split('e');
  return goExponent(`${toEven(mantissa, exact, digits)}e${power}`);
}

/** As Go's `%.<digits>f`. */
export function formatFixed(value: number, digits: number): string {
  return toEven(value.toFixed(digits), value.toFixed(exactDigits), digits);
}

function toEven(rounded: string, exact: string, digits: number): string {
  const end = exact.indexOf('.') + 1 + digits;
  if (!/^50*$/.test(exact.slice(end))) return rounded;
  const cut = exact.slice(0, digits === 0 ? end - 1 : end);
  return '02468'.includes(cut.at(-1) as string) ? cut : rounded;
}

/** The exponent has a sign and at least two digits. */
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
  const [mantissa = '', power = ''] = formatExponential(value, digits - 1).split('e');
  const exponent = Number(power);
  const stripped = (number: string) => (number.includes('.') ? number.replace(/\.?0+$/, '') : number);
  if (exponent < -4 || exponent >= digits) return `${stripped(mantissa)}e${power}`;
  return stripped(formatFixed(value, digits - 1 - exponent));
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
