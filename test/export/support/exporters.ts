import type { ExportResult } from '@opentelemetry/core';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { Exporter } from '../../../src/export/otlp-exporter.js';

/** An exporter whose every export waits until the test says how it ends. */
export interface HeldExporter<Items> extends Exporter<Items> {
  /** What has been handed over, in order. */
  readonly exports: Items[];
  /** How many exports have begun and not ended. */
  readonly underWay: number;
  /** Ends the oldest one. */
  end(result?: 'done' | Error): void;
  isShutDown: boolean;
}

export function createHeldExporter<Items>(): HeldExporter<Items> {
  const exports: Items[] = [];
  const open: ((result: ExportResult) => void)[] = [];
  return {
    exports,
    isShutDown: false,
    get underWay() {
      return open.length;
    },
    export(items, done) {
      exports.push(items);
      open.push(done);
    },
    end(result = 'done') {
      const done = open.shift();
      if (done === undefined) throw new Error('nothing is under way');
      done(result === 'done' ? { code: 0 } : { code: 1, error: result });
    },
    async shutdown() {
      this.isShutDown = true;
      while (open.length > 0) this.end(new Error('aborted'));
    },
  };
}

/** Stands for a span: a queue never looks into one. */
export function spanNamed(name: string): ReadableSpan {
  return { name } as ReadableSpan;
}
