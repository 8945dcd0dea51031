interface Stoppable {
  stop(): Promise<void>;
}

export function startConsole(
  flags?: readonly string[],
  port?: number,
): Promise<Stoppable & { readonly url: string }>;

export function startShop(url: string): Promise<
  Stoppable & {
    fault(name: string, fault: { slowMs?: number; failShare?: number; blockMs?: number }): Promise<number>;
  }
>;
