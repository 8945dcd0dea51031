import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context } from '@opentelemetry/api';
import { HiddenValue } from '../core/hidden-value.js';

/** Belongs to a request and its response, and is notified of the end before the application. */
export interface Follower {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** Where listeners of both are called; undefined for where they are. */
  readonly context: Context | undefined;
  /** False for a request without a body. */
  readonly hasBody: boolean;
  readonly isEnded: boolean;
  /** True for a response that had to wait for others on its connection. */
  isQueued: boolean;
  /** True for a response that was still waiting for others when its connection closed. */
  isUnsent: boolean;
  /** All of the response was handed over to its connection. */
  finished(): void;
  /** Nothing more comes of the response. */
  closed(): void;
}

/** Attaches a follower to a response, to be notified of its events. */
export function follow(res: object, follower: Follower): void {
  HiddenValue.set(res, follower);
}

/** The follower of a request or a response. */
export function followerOf(message: object): Follower | null | undefined {
  return HiddenValue.of(message) as Follower | null | undefined;
}
