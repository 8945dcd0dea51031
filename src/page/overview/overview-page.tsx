import { windowParams } from '../address/time-window.js';
import type { AlertsAnswer, ServicesAnswer } from '../data/answers.js';
import { useQuestion } from '../data/question.js';
import { MapSection } from '../map/map-section.js';
import { Answered } from '../parts/empty.js';
import { NothingYet } from '../parts/nothing-yet.js';
import { AlertRows } from './alert-rows.js';
import { ServiceRows } from './service-rows.js';
import { firingOf } from './state-of.js';

/** Is it fine, and if not, where? */
export function OverviewPage() {
  const services = useQuestion<ServicesAnswer>('services', windowParams.value);
  const alerts = useQuestion<AlertsAnswer>('alerts', {}, { isOfAlerts: true, isTimeless: true });
  const firing = firingOf(alerts.data.value?.alerts ?? []);
  return (
    <div class="page">
      <h1 class="unseen">Overview</h1>
      <AlertRows alerts={firing} />
      <Answered of={services}>
        {({ services: rows }) =>
          rows.length === 0 ? (
            <NothingYet />
          ) : (
            <>
              <ServiceRows services={rows} firing={firing} />
              <MapSection isSmall />
            </>
          )
        }
      </Answered>
    </div>
  );
}
