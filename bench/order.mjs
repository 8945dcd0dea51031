/**
 * The order of one round: each round starts with the next item, every other one runs backwards, so that no item is always
 * first or always after the same neighbour.
 */
export function orderOf(items, round) {
  const rotated = items.map((_, i) => items[(i + round) % items.length]);
  return round % 2 === 0 ? rotated : rotated.reverse();
}
