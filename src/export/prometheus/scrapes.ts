import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { CollectionResult } from '@opentelemetry/sdk-metrics';
import { runSuppressed } from '../../context/suppressed.js';
import type { Clock } from '../../core/clock.js';
import type { Timers } from '../../core/timers.js';
import { formatFor, takesGzip } from './accept.js';
import { endOf, exposition, type Format } from './exposition.js';
import { familiesOf } from './families.js';
import { label } from './labels.js';

export interface ScrapesParts {
  readonly collect: () => Promise<CollectionResult>;
  /** The scope of this library. */
  readonly scopeName: string;
  /** Which worker of node:cluster this is: they share their port, so that scrapes go to one or another. Undefined outside of it. */
  readonly worker?: number | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onFault: (place: string, error: unknown) => void;
  /** Logs a line once for each key. */
  readonly warnOnce: (key: string, message: string) => void;
  /** Where a page is cut off, at the last whole data points. @default 32 MiB */
  readonly maxBytes?: number;
}

/** The answer to a scrape. */
export interface ScrapeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

interface Page {
  readonly startedMs: number;
  readonly body: Promise<Buffer>;
  zipped: Promise<Buffer> | undefined;
}

const contentTypes: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** Scrapers that come within this time of each other get the same page. */
const sharedMs = 500;
/** About 2,000 series of ten histograms; Prometheus itself has no bound by default. */
const defaultMaxBytes = 32 * 1024 * 1024;
/** Below this, what gzip saves is not worth its turn. */
const minZippedBytes = 1_024;

const zip = promisify(gzip);

/**
 * Answers scrapes. However many scrapers there are, at most one page of a format is written at a time and at most two a second; it is
 * written in pieces, between which the event loop goes on.
 */
export class Scrapes {
  readonly #parts: ScrapesParts;
  readonly #pages = new Map<Format, Page>();

  constructor(parts: ScrapesParts) {
    this.#parts = parts;
  }

  /** Never rejects. */
  async answer(
    accept: string | undefined,
    acceptEncoding: string | string[] | undefined,
  ): Promise<ScrapeAnswer> {
    try {
      const format = formatFor(accept);
      const page = this.#page(format);
      const body = await page.body;
      const isZipped = body.length >= minZippedBytes && takesGzip(acceptEncoding);
      // Its own thread does it, and a page once.
      if (isZipped) page.zipped ??= zip(body, { level: 1 });
      const sent = isZipped && page.zipped !== undefined ? await page.zipped : body;
      return {
        status: 200,
        headers: {
          'Content-Type': contentTypes[format],
          'Content-Length': String(sent.length),
          ...(isZipped && { 'Content-Encoding': 'gzip' }),
          Vary: 'Accept, Accept-Encoding',
          'Cache-Control': 'no-store',
          'X-Content-Type-Options': 'nosniff',
        },
        body: sent,
      };
    } catch (error) {
      this.#parts.onFault('metrics.scrape', error);
      return failed;
    }
  }

  #page(format: Format): Page {
    const { clock, timers } = this.#parts;
    const known = this.#pages.get(format);
    if (known !== undefined) return known;
    const page: Page = {
      startedMs: clock.now(),
      body: runSuppressed(() => this.#write(format)),
      zipped: undefined,
    };
    this.#pages.set(format, page);
    const forget = () => void (this.#pages.get(format) === page && this.#pages.delete(format));
    // Concurrent scrapes share the page that is being written.
    const done = () => {
      const leftMs = page.startedMs + sharedMs - clock.now();
      if (leftMs <= 0) forget();
      else runSuppressed(() => timers.set(forget, leftMs));
    };
    page.body.then(done, forget);
    return page;
  }

  async #write(format: Format): Promise<Buffer> {
    const { collect, scopeName, worker, warnOnce, maxBytes = defaultMaxBytes } = this.#parts;
    const { resourceMetrics, errors } = await collect();
    for (const error of errors)
      warnOnce('scrape collect', `a metric of the application could not be collected for a scrape: ${error}`);
    const families = familiesOf(resourceMetrics, {
      scopeName,
      onLeftOut: (metric, why) => warnOnce(`scrape ${metric}`, `${metric} is not in the scrape: ${why}`),
    });
    const onRepeated = (family: string) =>
      warnOnce(
        `scrape repeated ${family}`,
        `${family} has series that read the same in Prometheus: the first goes out`,
      );
    const common = worker === undefined ? '' : label('golden_signals_worker', String(worker));
    const pieces: Buffer[] = [];
    let bytes = 0;
    for (const text of exposition(
      families,
      resourceMetrics.resource.attributes,
      format,
      onRepeated,
      common,
    )) {
      const piece = Buffer.from(text);
      if (bytes + piece.length > maxBytes) {
        warnOnce('scrape size', `the scrape is cut off at ${maxBytes} bytes: there are too many series`);
        break;
      }
      bytes += piece.length;
      pieces.push(piece);
      await turn();
    }
    pieces.push(Buffer.from(endOf(format)));
    return Buffer.concat(pieces);
  }
}

const failedBody = Buffer.from('the metrics could not be collected\n');
const failed: ScrapeAnswer = {
  status: 500,
  headers: {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': String(failedBody.length),
    'Cache-Control': 'no-store',
  },
  body: failedBody,
};
