/**
 * Settles when the work has, or after `boundMs`, and never rejects. The process stays alive for it: somebody asked to wait, and what is
 * on its way out does not keep a process alive by itself.
 */
export async function settledWithin(boundMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, boundMs);
  });
  await Promise.race([work.catch(() => {}), bound]);
  clearTimeout(timer);
}
