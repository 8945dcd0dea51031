import { href } from '../address/address.js';
import type { StatusAnswer } from '../data/answers.js';
import { nowMs } from '../data/clock.js';
import { useQuestion } from '../data/question.js';
import { age, bytes, count } from '../parts/format.js';
import { Mark } from '../parts/mark.js';

/** What the console holds, and whether something was dropped. */
export function Foot() {
  const { data } = useQuestion<StatusAnswer>('status', {}, { everyMs: 5_000, isTimeless: true });
  const status = data.value;
  if (status === undefined) return <footer class="foot" />;
  const { spans, logs, sinceMs, bytes: held, maxBytes, droppedSpans, droppedLogs, isOverloaded } = status;
  const dropped = droppedSpans + droppedLogs;
  return (
    <footer class="foot">
      <span>{count(spans)} spans</span>
      <span class="foot-more">{count(logs)} lines</span>
      {sinceMs !== null && <span class="foot-more">the last {age(nowMs.value - sinceMs)}</span>}
      <span>
        {bytes(held)} of {bytes(maxBytes)}
      </span>
      <a
        class={dropped > 0 ? 'is-warn row' : undefined}
        href={href('/doctor')}
        title="The oldest make room for what comes in"
      >
        {dropped > 0 && <Mark state="warn" label="dropped" />}
        {count(dropped)} dropped
      </a>
      {isOverloaded && (
        <span class="is-warn row">
          <Mark state="warn" /> more comes in than can be put away
        </span>
      )}
      <span class="grow" />
      <span class="foot-more">golden-signals {status.version}</span>
    </footer>
  );
}
