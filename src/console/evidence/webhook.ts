import type { Alert } from '../alerts/series-source.js';
import type { Evidence } from './evidence.js';

const timeoutMs = 5_000;
const tries = 4;
const firstPauseMs = 1_000;
const maxWaiting = 100;

/** Alertmanager's webhook, version 4, and what Alertmanager does not have. */
export function webhookBody(alert: Alert, evidence: Evidence | undefined, consoleUrl: string): unknown {
  const { id, labels, annotations, activeAtMs, resolvedAtMs, state, rule } = alert;
  const status = state === 'resolved' ? 'resolved' : 'firing';
  return {
    version: '4',
    groupKey: `{}:{alertname=${JSON.stringify(rule.name)}}`,
    truncatedAlerts: 0,
    status,
    receiver: 'golden-signals-console',
    groupLabels: { alertname: rule.name },
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: consoleUrl,
    alerts: [
      {
        status,
        labels,
        annotations,
        startsAt: new Date(activeAtMs).toISOString(),
        endsAt: resolvedAtMs === undefined ? '0001-01-01T00:00:00Z' : new Date(resolvedAtMs).toISOString(),
        generatorURL: `${consoleUrl}alerts/${encodeURIComponent(id)}`,
        fingerprint: id,
      },
    ],
    ...(evidence === undefined ? {} : { evidence }),
  };
}

/** Sends alerts to one address, one after the other; tries again a few times, and counts what does not get through. */
export class Webhook {
  readonly #url: string;
  readonly #say: (line: string) => void;
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;
  failed = 0;

  constructor(url: string, say: (line: string) => void) {
    this.#url = url;
    this.#say = say;
  }

  send(body: unknown): void {
    if (this.#waiting >= maxWaiting) {
      this.failed += 1;
      return;
    }
    this.#waiting += 1;
    this.#tail = this.#tail
      .then(() => this.#deliver(JSON.stringify(body)))
      .finally(() => {
        this.#waiting -= 1;
      });
  }

  async #deliver(body: string): Promise<void> {
    let why = '';
    for (let attempt = 0; attempt < tries; attempt += 1) {
      if (attempt > 0)
        await new Promise((resolve) => setTimeout(resolve, firstPauseMs * 2 ** (attempt - 1)).unref());
      try {
        const response = await fetch(this.#url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
          signal: AbortSignal.timeout(timeoutMs),
        });
        await response.arrayBuffer();
        if (response.ok) return;
        why = `it answers ${response.status}`;
      } catch (error) {
        why = (error as Error).message;
      }
    }
    this.failed += 1;
    this.#say(`the webhook did not take an alert: ${why}`);
  }
}
