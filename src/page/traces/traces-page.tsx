import type { PageProps } from '../frame/pages.js';

export function TracesPage({ id }: PageProps) {
  return (
    <div class="page">
      <h1>Traces {id}</h1>
    </div>
  );
}
