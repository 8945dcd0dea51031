import { MapSection } from './map-section.js';

export function MapPage() {
  return (
    <div class="page">
      <div class="page-head">
        <h1>Map</h1>
      </div>
      <MapSection />
    </div>
  );
}
