import { Empty } from './empty.js';

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
