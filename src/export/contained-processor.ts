import type { SpanProcessor as SdkProcessor } from '@opentelemetry/sdk-trace';
import type { SpanProcessor } from '../trace/span-processor.js';

/** A user's span processor whose faults end here: it sees every span, and none of the application's code sees what it throws. */
export function containProcessor(
  processor: SpanProcessor,
  onFault: (place: string, error: unknown) => void,
): SdkProcessor {
  const guarded = (fn: () => void) => {
    try {
      fn();
    } catch (error) {
      onFault('traces.processors', error);
    }
  };
  const settled = async (fn: () => Promise<void>) => {
    try {
      await fn();
    } catch (error) {
      onFault('traces.processors', error);
    }
  };
  return {
    onStart: (span, context) => guarded(() => processor.onStart(span, context)),
    onEnding: (span) => guarded(() => processor.onEnding?.(span)),
    onEnd: (span) => guarded(() => processor.onEnd(span)),
    forceFlush: () => settled(() => processor.forceFlush()),
    shutdown: () => settled(() => processor.shutdown()),
  };
}
