import type { FunctionComponent } from 'preact';
import { AlertsPage } from '../alerts/alerts-page.js';
import { DoctorPage } from '../doctor/doctor-page.js';
import { LogsPage } from '../logs/logs-page.js';
import { MapPage } from '../map/map-page.js';
import { OverviewPage } from '../overview/overview-page.js';
import { ServicePage } from '../service/service-page.js';
import { ServicesPage } from '../service/services-page.js';
import { TracePage } from '../trace/trace-page.js';
import { TracesPage } from '../traces/traces-page.js';

export interface PageProps {
  /** The last part of the path, of pages about one thing. */
  readonly id: string;
}

interface Page {
  readonly title: string;
  readonly path: string;
  /** After `g`. */
  readonly key: string;
  readonly page: FunctionComponent<PageProps>;
  /** The page of one of them. */
  readonly one?: FunctionComponent<PageProps>;
}

/** In the order in which the frame shows them. */
export const PAGES: readonly Page[] = [
  { title: 'Overview', path: '/', key: 'o', page: OverviewPage },
  { title: 'Services', path: '/services', key: 's', page: ServicesPage, one: ServicePage },
  { title: 'Map', path: '/map', key: 'm', page: MapPage },
  { title: 'Traces', path: '/traces', key: 't', page: TracesPage, one: TracePage },
  { title: 'Logs', path: '/logs', key: 'l', page: LogsPage },
  { title: 'Alerts', path: '/alerts', key: 'a', page: AlertsPage },
  { title: 'Doctor', path: '/doctor', key: 'd', page: DoctorPage },
];

/** The page of a path. */
export function pageOf(
  path: string,
): { component: FunctionComponent<PageProps>; id: string; title: string; path: string } | undefined {
  for (const { path: own, page, one, title } of PAGES) {
    if (path === own) return { component: page, id: '', title, path: own };
    if (one !== undefined && path.startsWith(`${own}/`)) {
      const id = decodeURIComponent(path.slice(own.length + 1));
      return { component: one, id, title: id, path: own };
    }
  }
  return undefined;
}
