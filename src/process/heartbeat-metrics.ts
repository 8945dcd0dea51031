import { type Instrument, Sum } from '../metrics/instrument.js';

/** The metrics of the heartbeat. They exist without targets, too, as `time() - timestamp` finds a stuck process. */
export class HeartbeatMetrics {
  readonly #timestamp = { value: 0 };
  readonly #interval: { value: number };
  readonly #sent = new Sum();
  readonly #failed = new Sum();
  readonly instruments: readonly Instrument[];

  constructor(intervalMs: number) {
    this.#interval = { value: intervalMs / 1_000 };
    this.instruments = [
      {
        kind: 'gauge',
        name: 'golden_signals.heartbeat.timestamp',
        description: 'When the process last found itself alive, in seconds since the Unix epoch.',
        unit: 's',
        series: [{ attributes: {}, value: this.#timestamp }],
      },
      {
        kind: 'gauge',
        name: 'golden_signals.heartbeat.interval',
        description: 'How often the heartbeat timestamp is set; 0 once the service has begun to end.',
        unit: 's',
        series: [{ attributes: {}, value: this.#interval }],
      },
      {
        kind: 'counter',
        name: 'golden_signals.heartbeat.sent',
        description: 'Heartbeats that were taken.',
        unit: '{beat}',
        series: [{ attributes: {}, value: this.#sent }],
      },
      {
        kind: 'counter',
        name: 'golden_signals.heartbeat.failed',
        description: 'Heartbeats that did not get through, retries included.',
        unit: '{beat}',
        series: [{ attributes: {}, value: this.#failed }],
      },
    ];
  }

  beat(epochS: number): void {
    this.#timestamp.value = epochS;
  }

  /** A service that ends in order sends no more beats, and that must raise no alarm. */
  ended(): void {
    this.#interval.value = 0;
  }

  sent(): void {
    this.#sent.add(1);
  }

  failed(): void {
    this.#failed.add(1);
  }
}
