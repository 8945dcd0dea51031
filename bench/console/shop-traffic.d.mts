export interface MadeSpan {
  readonly traceId: string;
  readonly spanId: string;
}

export class Batch {
  lose(service: string): void;
  send(endpoint: string): Promise<void>;
}

export function order(
  batch: Batch,
  at: number,
  how?: { readonly slow?: boolean; readonly failed?: boolean; readonly lost?: boolean },
): MadeSpan;
export function catalogue(batch: Batch, at: number, products?: number): MadeSpan;
export function nightly(batch: Batch, at: number, spans: number): MadeSpan;
export function chat(batch: Batch, until: number, count: number, overMs: number): void;
