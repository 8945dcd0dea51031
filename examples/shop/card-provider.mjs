import { setTimeout as wait } from 'node:timers/promises';

/** What the provider took for its last calls, over and over: mostly quick, now and then slow. */
const delaysMs = [22, 35, 28, 41, 25, 31, 190, 27, 38, 24, 33, 29];
let calls = 0;

/** Stands for a provider in another company: true when it approves. Throws for `card_unreachable`. */
export async function authorize(card) {
  const delayMs = delaysMs[calls % delaysMs.length];
  calls += 1;
  await wait(delayMs);
  if (card === 'card_unreachable') throw new Error('connection to the bank timed out');
  return card !== 'card_declined';
}
