import { windowParams } from '../address/time-window.js';
import type { AlertsAnswer, ServicesAnswer } from '../data/answers.js';
import { useQuestion } from '../data/question.js';
import { MapSection } from '../map/map-section.js';
import { Answered, Empty } from '../parts/empty.js';
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

/** What a newcomer sees. */
export function NothingYet() {
  return (
    <Empty
      title="No service has sent anything yet"
      command={`OTEL_EXPORTER_OTLP_ENDPOINT=${location.origin} node --require golden-signals/register server.js`}
    >
      <p>
        Start a service with this line: it needs no change of code. Every OpenTelemetry SDK that exports OTLP
        over HTTP may send here, too. This page shows the first request as soon as it comes.
      </p>
      <p>
        Sent something, and nothing shows?{' '}
        <a class="link" href="/doctor">
          Doctor
        </a>{' '}
        says where to point an SDK, for Node, Python, Go and Java.
      </p>
    </Empty>
  );
}
