import http from 'node:http';
import https from 'node:https';
import { markAsExports } from '../context/export-agent.js';
import type { OtlpConfig } from './otlp-config.js';

/** What a collector said. */
export interface CollectorAnswer {
  readonly statusCode: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Undefined where it broke off, or is longer than any collector's: the status has said what counts. */
  readonly body: Buffer | undefined;
}

type Answered = (outcome: CollectorAnswer | NodeJS.ErrnoException) => void;

const maxAnswerBytes = 65_536;

/**
 * The connections to one collector: an agent of its own, which keeps them for the next request. They never keep the process alive. A proxy
 * is used where Node uses one for its own agents.
 */
export class CollectorAgent {
  readonly #url: URL;
  readonly #agent: http.Agent;
  readonly #underWay = new Set<http.ClientRequest>();

  constructor(url: URL, tls: OtlpConfig['tls']) {
    this.#url = url;
    const { proxyEnv } = (http.globalAgent as unknown as { options: { proxyEnv?: NodeJS.ProcessEnv } })
      .options;
    const options = { keepAlive: true, ...(proxyEnv === undefined ? {} : { proxyEnv }) };
    this.#agent = this.#isTls
      ? new https.Agent({ ...options, ...tls, ALPNProtocols: ['http/1.1'] })
      : new http.Agent(options);
    markAsExports(this.#agent);
  }

  /**
   * Sends a request; `answered` is called once, later. User and password of the URL become Basic authentication, unless the headers have
   * their own.
   */
  post(headers: http.OutgoingHttpHeaders, body: Uint8Array, answered: Answered): http.ClientRequest {
    let isAnswered = false;
    const answer: Answered = (outcome) => {
      if (!isAnswered) answered(outcome);
      isAnswered = true;
    };
    const { request } = this.#isTls ? https : http;
    const req = request(this.#url, { method: 'POST', headers, agent: this.#agent });
    this.#underWay.add(req);
    req.on('socket', (socket) => {
      socket.unref();
      // Trying the next address of a host name makes a new handle of it.
      if (socket.connecting) socket.once('connect', () => socket.unref());
    });
    let isJudged = false;
    req.on('response', (res) => {
      isJudged = true;
      readAnswer(res, answer);
      // Where the answer came first, the request would go on.
      res.on('end', () => {
        if (!req.writableFinished) req.destroy();
      });
    });
    // What breaks after the status is no more than a body that broke off.
    req.on('error', (error) => {
      if (!isJudged) answer(error);
    });
    req.on('close', () => this.#underWay.delete(req));
    return req.end(body);
  }

  /** Closes all connections, and ends what is under way on them. */
  destroy(): void {
    for (const req of this.#underWay) req.destroy();
    this.#agent.destroy();
  }

  get #isTls(): boolean {
    return this.#url.protocol === 'https:';
  }
}

function readAnswer(res: http.IncomingMessage, answer: Answered): void {
  const { statusCode = 0, headers } = res;
  const chunks: Buffer[] = [];
  let bytes = 0;
  res.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) res.destroy();
  });
  res.on('end', () => answer({ statusCode, headers, body: Buffer.concat(chunks) }));
  // It broke off; 'close' follows.
  res.on('error', () => {});
  res.on('close', () => answer({ statusCode, headers, body: undefined }));
}
