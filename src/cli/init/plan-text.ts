import type { AddedLine } from './added-lines.js';
import type { Plan } from './plan.js';

/** What a user reads of a plan: what was found, the lines with their surroundings, and what to do next. */
export function textOfPlan(plan: Plan, isWritten: boolean): string {
  if (plan.status === 'present') return `Already instrumented: ${plan.where}\n`;
  const found = [plan.framework ?? 'no framework', plan.moduleSystem].filter(Boolean).join(', ');
  if (plan.status === 'uncertain')
    return [
      `${found}: ${plan.reason}. Add by hand:`,
      '',
      ...plan.example.map((line) => `    ${line}`),
      '',
    ].join('\n');
  const count = `${plan.addition.lines.length} lines`;
  return [
    `${found}: ${plan.file}`,
    '',
    ...excerpt(plan.addition.text, plan.addition.lines),
    '',
    isWritten ? `${count} added to ${plan.file}` : `golden-signals init --write adds the ${count}`,
    '',
  ].join('\n');
}

/** The lines that are added, marked with a plus, each with the one before and the one behind it. */
function excerpt(text: string, added: readonly AddedLine[]): string[] {
  const all = text.split(/\r?\n/);
  const shown = new Set(added.flatMap(({ line }) => [line - 1, line, line + 1]));
  const isAdded = (line: number) => added.some((one) => one.line === line);
  const numbers = [...shown].filter((line) => line >= 1 && line <= all.length).sort((a, b) => a - b);
  return numbers.flatMap((line, index) => {
    const gap = index > 0 && numbers[index - 1] !== line - 1 ? ['     ...'] : [];
    return [...gap, `${String(line).padStart(5)} ${isAdded(line) ? '+' : ' '} ${all[line - 1]}`.trimEnd()];
  });
}
