import {
  type Context,
  context as contextApi,
  defaultTextMapGetter,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { REQUEST_KEY } from '../context/request-context.js';
import { allAttributes } from '../trace/shared-attributes.js';
import type { RequestRecord } from './request-record.js';
import type { RequestTracing } from './request-tracing.js';

/**
 * Spans through the SDK that the application has registered itself: its sampler, processors and propagators decide. A request that
 * its own HTTP instrumentation traces already gets no second span.
 */
export function createForeignTracing(tracer: Tracer): RequestTracing {
  return {
    begin(record, isRestart) {
      if (record.isElsewhere) return contextApi.active().setValue(REQUEST_KEY, record);
      const { socket, headers } = record.req;
      record.remoteAddress = socket?.remoteAddress;
      record.remotePort = socket?.remotePort;
      const extracted = propagation.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
      const received = trace.getSpanContext(extracted);
      const parent = isRestart ? ROOT_CONTEXT : extracted;
      const span = tracer.startSpan(
        record.method.spanName,
        {
          kind: SpanKind.SERVER,
          attributes: allAttributes(record),
          ...(isRestart && received !== undefined ? { links: [{ context: received }] } : {}),
        },
        parent,
      );
      record.span = span;
      return trace.setSpan(parent, span).setValue(REQUEST_KEY, record);
    },
    end(record: RequestRecord) {
      const { span } = record;
      if (span === undefined) return;
      if (record.route !== undefined) span.updateName(`${record.method.spanName} ${record.route}`);
      span.setAttributes(allAttributes(record));
      if (record.errorType !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
    passThrough: (headers): Context => propagation.extract(ROOT_CONTEXT, headers, defaultTextMapGetter),
  };
}
