import { MapSection } from './map-section.js';

export function MapPage() {
  return (
    <div class="page">
      <h1 class="unseen">Map</h1>
      <MapSection />
    </div>
  );
}
