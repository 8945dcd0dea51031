import type { PageProps } from '../frame/pages.js';

export function DoctorPage({ id }: PageProps) {
  return (
    <div class="page">
      <h1>Doctor {id}</h1>
    </div>
  );
}
