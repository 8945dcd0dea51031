import type { PageProps } from '../frame/pages.js';

export function AlertsPage({ id }: PageProps) {
  return (
    <div class="page">
      <h1>Alerts {id}</h1>
    </div>
  );
}
