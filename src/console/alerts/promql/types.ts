import { functionTable, type Signature } from './function-table.js';
import { PromqlError } from './promql-error.js';
import { type Binary, type Call, type Expr, isComparison, isSetOperation, type ValueType } from './syntax.js';

const names: Readonly<Record<ValueType, string>> = {
  scalar: 'scalar',
  vector: 'instant vector',
  matrix: 'range vector',
  string: 'string',
};

export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'range':
    case 'subquery':
      return 'matrix';
    case 'call':
      return functionTable[expr.name]?.gives ?? 'vector';
    case 'negation':
      return typeOf(expr.expr);
    case 'binary':
      return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar' ? 'scalar' : 'vector';
    case 'selector':
    case 'aggregation':
      return 'vector';
  }
}

/** @throws PromqlError where the expression gives something else. */
export function expectType(expr: Expr, allowed: readonly ValueType[], where: string): void {
  const type = typeOf(expr);
  if (allowed.includes(type)) return;
  const wanted = allowed.map((one) => names[one]).join(' or ');
  throw new PromqlError(`expected type ${wanted} in ${where}, got ${names[type]}`);
}

/** @throws PromqlError where the number or the types of the arguments are wrong. */
export function checkCall({ name, args }: Call): void {
  const { args: types, optional } = functionTable[name] as Signature;
  const least = types.length - Math.abs(optional);
  const most = optional === -1 ? Number.POSITIVE_INFINITY : types.length;
  if (args.length < least || args.length > most)
    throw new PromqlError(`wrong number of arguments in call to ${name}, got ${args.length}`);
  for (const [index, arg] of args.entries())
    expectType(arg, [types[Math.min(index, types.length - 1)] as ValueType], `call to function ${name}`);
}

/** @throws PromqlError where the operator does not take what stands beside it. */
export function checkBinary({ operator, left, right, isBool, matching }: Binary): void {
  const sides = [left, right];
  for (const side of sides) expectType(side, ['scalar', 'vector'], 'binary expression');
  const scalars = sides.filter((side) => typeOf(side) === 'scalar').length;
  if (scalars > 0 && isSetOperation(operator))
    throw new PromqlError(`set operator ${JSON.stringify(operator)} not allowed in binary scalar expression`);
  if (scalars === 2 && isComparison(operator) && !isBool)
    throw new PromqlError('comparisons between scalars must use BOOL modifier');
  if (scalars > 0 && (matching.labels.length > 0 || matching.isOn))
    throw new PromqlError('vector matching only allowed between instant vectors');
}
