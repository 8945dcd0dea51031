import type { PageProps } from '../frame/pages.js';

export function LogsPage({ id }: PageProps) {
  return (
    <div class="page">
      <h1>Logs {id}</h1>
    </div>
  );
}
