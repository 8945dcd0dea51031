/**
 * The environment, read by OpenTelemetry's rules: an empty value counts as unset, surrounding blanks do not count, and a value that
 * cannot be understood is reported and ignored.
 */
export interface Environment {
  text(name: string): string | undefined;
  flag(name: string): boolean;
  integer(name: string, fallback: number, min?: number): number;
  number(name: string, fallback: number, min: number, max: number): number;
  oneOf<T extends string>(name: string, known: readonly T[], fallback: T): T;
  /** A comma-separated list of known names; unknown ones are reported and left out. */
  list(name: string, known: readonly string[], fallback: readonly string[]): readonly string[];
}

export function createEnvironment(
  variables: Readonly<Record<string, string | undefined>>,
  onInvalid: (message: string) => void,
): Environment {
  const text = (name: string) => {
    const value = variables[name]?.trim();
    return value === '' ? undefined : value;
  };
  // Without the value, which may be a secret.
  const invalid = (name: string, rule: string, used: unknown) =>
    onInvalid(`${name} must be ${rule}: it is ignored, and ${used} is used`);

  const numeric = (name: string, fallback: number, rule: string, isRight: (value: number) => boolean) => {
    const given = text(name);
    if (given === undefined) return fallback;
    const value = Number(given);
    if (isRight(value)) return value;
    invalid(name, rule, fallback);
    return fallback;
  };

  return {
    text,
    flag(name) {
      const value = text(name)?.toLowerCase();
      if (value !== undefined && value !== 'true' && value !== 'false')
        invalid(name, "'true' or 'false'", false);
      return value === 'true';
    },
    integer: (name, fallback, min = 1) =>
      numeric(
        name,
        fallback,
        `a whole number of at least ${min}`,
        (value) => Number.isSafeInteger(value) && value >= min,
      ),
    number: (name, fallback, min, max) =>
      numeric(name, fallback, `a number from ${min} to ${max}`, (value) => value >= min && value <= max),
    oneOf(name, known, fallback) {
      const value = text(name)?.toLowerCase();
      if (value === undefined) return fallback;
      const found = known.find((candidate) => candidate === value);
      if (found === undefined) invalid(name, `one of ${known.join(', ')}`, fallback);
      return found ?? fallback;
    },
    list(name, known, fallback) {
      const value = text(name);
      if (value === undefined) return fallback;
      const items = value
        .split(',')
        .map((item) => item.trim().toLowerCase())
        .filter((item) => item !== '');
      const unknown = items.filter((item) => !known.includes(item));
      const taken = [...new Set(items.filter((item) => known.includes(item)))];
      if (unknown.length > 0)
        onInvalid(`${name} must be a list of ${known.join(', ')}: its other members are ignored`);
      return taken;
    },
  };
}
