/** Why a body cannot be read, in words for the person who sent it. Answered with 400. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}
