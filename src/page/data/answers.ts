// What the console answers, by the types of those who answer: a change there is a fault of the compiler here.
import type { Watch } from '../../console/evidence/watch.js';
import type { breakersView } from '../../console/questions/breakers-view.js';
import type { Finding } from '../../console/questions/doctor.js';
import type { logHistogram } from '../../console/questions/log-histogram.js';
import type { logTemplates } from '../../console/questions/log-search.js';
import type { objectivesView } from '../../console/questions/objectives.js';
import type { ruleChart } from '../../console/questions/rule-chart.js';
import type {
  gaugesView,
  mapView,
  Saturation,
  servicesView,
  statesView,
} from '../../console/questions/services-view.js';
import type { latencyHeat, SignalRow, signalSteps } from '../../console/questions/signals-view.js';
import type { TraceRow } from '../../console/questions/trace-search.js';
import type { TraceColumns, TraceView } from '../../console/questions/trace-view.js';
import type { valuesView } from '../../console/questions/values.js';
import type { LogRow } from '../../console/questions/views.js';
import type { Store } from '../../console/store/store.js';

export type { Finding, LogRow, Saturation, SignalRow, TraceColumns, TraceRow, TraceView };

export type ServicesAnswer = { readonly services: ReturnType<typeof servicesView> };
export type ServiceRow = ServicesAnswer['services'][number];
export type MapAnswer = ReturnType<typeof mapView>;
export type MapNode = MapAnswer['nodes'][number];
export type MapEdge = MapAnswer['edges'][number];
export type StatesAnswer = ReturnType<typeof statesView>;
export type GaugesAnswer = ReturnType<typeof gaugesView>;
export type SignalsAnswer = ReturnType<typeof signalSteps>;
export type HeatAnswer = ReturnType<typeof latencyHeat>;
export type AlertsAnswer = ReturnType<Watch['view']>;
export type AlertView = AlertsAnswer['alerts'][number];
export type Episode = AlertsAnswer['history'][number];
export type RulesAnswer = ReturnType<Watch['rulesView']>;
export type RuleChartAnswer = Awaited<ReturnType<typeof ruleChart>>;
export type ValuesAnswer = Awaited<ReturnType<typeof valuesView>>;
export type BreakerRow = Awaited<ReturnType<typeof breakersView>>['rows'][number];
export type ObjectivesAnswer = ReturnType<typeof objectivesView>;
/** By hand: its file is compiled for Node alone. */
export interface ActionsAnswer {
  readonly actions: readonly {
    readonly name: string;
    readonly title: string;
    readonly expect: string;
    readonly active: boolean;
  }[];
  readonly failure: string | null;
}
export type DoctorAnswer = { readonly findings: readonly Finding[] };
export type LogHistogram = Awaited<ReturnType<typeof logHistogram>>;
export type TemplatesAnswer = { readonly templates: Awaited<ReturnType<typeof logTemplates>> };
export type Rows<Row> = { readonly rows: readonly Row[] };

/** What is held, of the whole and of each service. */
export type StatusAnswer = ReturnType<Store['status']> & {
  readonly version: string;
  readonly startedMs: number;
  readonly nowMs: number;
  readonly received: { readonly spans: number; readonly logs: number; readonly points: number };
  readonly isOverloaded: boolean;
};
