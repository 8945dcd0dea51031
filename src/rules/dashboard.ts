import { dashboardRows } from './dashboard-panels.js';
import { datasource, flow, toGrafana } from './panel.js';
import type { RuleConfig } from './rule-options.js';
import { select } from './series.js';

/** That of Grafana 12; an older one ignores what it does not know, a newer one migrates. */
const schemaVersion = 42;

/** A dashboard as Grafana imports it, for any data source of Prometheus' kind. */
export function createDashboard(config: RuleConfig): object {
  let id = 0;
  let y = 0;
  const panels: object[] = [];
  for (const { title, panels: inRow } of dashboardRows(config)) {
    id += 1;
    panels.push({ id, type: 'row', title, collapsed: false, gridPos: { x: 0, y, w: 24, h: 1 }, panels: [] });
    const { places, bottom } = flow(inRow, y + 1);
    for (const [index, panel] of inRow.entries()) {
      id += 1;
      panels.push(toGrafana(panel, id, places[index] as (typeof places)[number]));
    }
    y = bottom;
  }
  return {
    uid: 'golden-signals',
    title: 'Golden signals',
    description: 'Latency, traffic, errors and saturation of services that golden-signals instruments.',
    tags: ['golden-signals', 'nodejs'],
    schemaVersion,
    version: 1,
    editable: true,
    // One crosshair for all: a peak of the latency stands above the saturation that made it.
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    timezone: 'browser',
    templating: { list: variables() },
    annotations: { list: [] },
    links: [],
    panels,
  };
}

function variables(): object[] {
  // The heartbeat is there also before the first request.
  const seen = select('heartbeatTimestamp');
  const seenOfJob = select('heartbeatTimestamp', ['job=~"$job"']);
  return [
    {
      name: 'datasource',
      label: 'Data source',
      type: 'datasource',
      query: 'prometheus',
      refresh: 1,
      hide: 0,
      includeAll: false,
      multi: false,
    },
    labelVariable('job', 'Service', `label_values(${seen}, job)`),
    labelVariable('instance', 'Instance', `label_values(${seenOfJob}, instance)`),
  ];
}

function labelVariable(name: string, label: string, query: string): object {
  return {
    name,
    label,
    type: 'query',
    datasource,
    query: { query, refId: name },
    definition: query,
    // On every change of the time range: instances come and go.
    refresh: 2,
    sort: 1,
    includeAll: true,
    allValue: '.*',
    multi: true,
    current: { selected: true, text: ['All'], value: ['$__all'] },
    hide: 0,
  };
}
