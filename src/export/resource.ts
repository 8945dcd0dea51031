import type { Resource } from '@opentelemetry/resources';

/** The resource of the service, made when somebody first reads it: the package behind it is not needed before the first export. */
export function createLazyResource(attributes: Readonly<Record<string, string | number>>): () => Resource {
  let resource: Resource | undefined;
  return () => {
    if (resource === undefined) {
      const { resourceFromAttributes } =
        require('@opentelemetry/resources') as typeof import('@opentelemetry/resources');
      resource = resourceFromAttributes(attributes);
    }
    return resource;
  };
}
