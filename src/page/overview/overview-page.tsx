import type { PageProps } from '../frame/pages.js';

export function OverviewPage({ id }: PageProps) {
  return (
    <div class="page">
      <h1>Overview {id}</h1>
    </div>
  );
}
