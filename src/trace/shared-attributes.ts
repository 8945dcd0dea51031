import type { Attributes, AttributeValue } from '@opentelemetry/api';

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

/** Takes attributes one by one, for whom an object of them would be made in vain. */
export interface AttributeSink {
  attribute(key: string, value: AttributeValue): void;
  /** A text in two parts, put together only where it is needed as one. */
  joined(key: string, head: string, tail: string): void;
}

/** Supplies the attributes that the recorder knows, when the span is read; none of them in both parts. */
export interface AttributeSource {
  /** Those that it has in common with many others, if there are any. */
  sharedAttributes(): SharedAttributes | undefined;
  /** The others; an object that is frozen is not its own. */
  ownAttributes(): Attributes;
}

/** What a source gives to a sink, in one object which is the caller's unless it is frozen. */
export function collected(source: { describeOwn(to: AttributeSink): void }): Attributes {
  const sink = new Collector();
  source.describeOwn(sink);
  return sink.all;
}

class Collector implements AttributeSink {
  all: Attributes = noAttributes;

  attribute(key: string, value: AttributeValue): void {
    if (this.all === noAttributes) this.all = {};
    this.all[key] = value;
  }

  joined(key: string, head: string, tail: string): void {
    this.attribute(key, head + tail);
  }
}

/** For sources that have none of their own. */
export const noAttributes: Attributes = Object.freeze({});

/** All that a source knows, in one object which is the caller's. */
export function allAttributes(source: AttributeSource): Attributes {
  return { ...source.sharedAttributes()?.all, ...source.ownAttributes() };
}
