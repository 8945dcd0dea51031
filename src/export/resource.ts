import type { Attributes, AttributeValue } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';

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
    const { resourceFromAttributes } =
      require('@opentelemetry/resources') as typeof import('@opentelemetry/resources');
    return resourceFromAttributes(this.attributes).merge(other);
  }

  getRawAttributes(): [string, AttributeValue | undefined][] {
    return Object.entries(this.attributes);
  }
}
