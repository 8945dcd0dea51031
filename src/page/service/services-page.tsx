import type { PageProps } from '../frame/pages.js';

export function ServicesPage({ id }: PageProps) {
  return (
    <div class="page">
      <h1>Services {id}</h1>
    </div>
  );
}
