import type { PageProps } from '../frame/pages.js';

export function ServicePage({ id }: PageProps) {
  return (
    <div class="page">
      <h1>Service {id}</h1>
    </div>
  );
}
