import type { Attributes } from '@opentelemetry/api';

/** Attributes that many spans have in common: put together once, and written once by who exports them. */
export class SharedAttributes {
  /** Frozen. */
  readonly all: Attributes;
  /** What an exporter writes them as. */
  encoded: Uint8Array | undefined;

  constructor(all: Attributes) {
    this.all = Object.freeze(all);
    this.encoded = undefined;
  }
}

/** Supplies the attributes that the seam itself knows, when the span is read; none of them in both parts. */
export interface AttributeSource {
  /** Those that it has in common with many others, if there are any. */
  sharedAttributes(): SharedAttributes | undefined;
  /** The others; an object that is frozen is not its own. */
  ownAttributes(): Attributes;
}

/** For sources that have none of their own. */
export const noAttributes: Attributes = Object.freeze({});

/** All that a source knows, in one object which is the caller's. */
export function allAttributes(source: AttributeSource): Attributes {
  return { ...source.sharedAttributes()?.all, ...source.ownAttributes() };
}
