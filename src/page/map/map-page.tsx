import type { PageProps } from '../frame/pages.js';

export function MapPage({ id }: PageProps) {
  return (
    <div class="page">
      <h1>Map {id}</h1>
    </div>
  );
}
