/**
 * Settles when the work has, or after `boundMs`, and never rejects. It keeps the process alive, as the caller asked to wait: an export does
 * not keep it alive by itself.
 */
export async function settledWithin(boundMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, boundMs);
  });
  await Promise.race([work.catch(() => {}), bound]);
  clearTimeout(timer);
}
