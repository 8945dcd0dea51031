import type { PageProps } from '../frame/pages.js';

export function TracePage({ id }: PageProps) {
  return (
    <div class="page">
      <h1>Trace {id}</h1>
    </div>
  );
}
