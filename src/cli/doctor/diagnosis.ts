import type { Finding, FindingSeverity } from './finding.js';

/** Findings, the worst first, and how many there are. */
export interface Diagnosis {
  readonly errors: number;
  readonly warnings: number;
  readonly findings: readonly Finding[];
}

const severities: readonly FindingSeverity[] = ['error', 'warning', 'note'];

export function diagnosisOf(found: readonly Finding[]): Diagnosis {
  const findings = [...found].sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
  const count = (severity: FindingSeverity) => findings.filter((one) => one.severity === severity).length;
  return { errors: count('error'), warnings: count('warning'), findings };
}

/** As text, with a line break at its end. */
export function textOf({ errors, warnings, findings }: Diagnosis): string {
  const lines = findings.map(
    ({ severity, id, what, cure }) => `${severity.padEnd(8)} ${id}: ${what}\n         → ${cure}\n`,
  );
  return `${lines.join('')}${counted(errors, 'error')}, ${counted(warnings, 'warning')}\n`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
