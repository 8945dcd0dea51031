import type { Attributes, AttributeValue } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { sdk } from './sdk.js';

/**
 * The resource of the service. Our own exports need its attributes only; the SDK's resource is loaded when other methods are called, and not
 * for the start or an export.
 */
export class ServiceResource implements Resource {
  readonly attributes: Attributes;

  constructor(attributes: Readonly<Record<string, string | number>>) {
    this.attributes = attributes;
  }

  get asyncAttributesPending(): boolean {
    return false;
  }

  merge(other: Resource | null): Resource {
    return sdk().resourceFromAttributes(this.attributes).merge(other);
  }

  getRawAttributes(): [string, AttributeValue | undefined][] {
    return Object.entries(this.attributes);
  }
}
