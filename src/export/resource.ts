import type { Attributes, AttributeValue } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { sdk } from './sdk.js';

/**
 * The resource of the service. What our own exports need of it are its attributes; the package behind a resource is loaded when somebody
 * asks for more, and not for starting up or exporting.
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
