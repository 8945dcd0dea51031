/** A clock that never goes back. While the one under it is set back, time is taken to stand still. */
export function createForwardClock(read: () => number): () => number {
  let last = Number.NEGATIVE_INFINITY;
  let setBackMs = 0;
  return () => {
    const reading = read();
    if (reading < last) setBackMs += last - reading;
    last = reading;
    return reading + setBackMs;
  };
}
