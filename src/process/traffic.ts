/** What a shutdown sees of a service's servers and connections. No method throws. */
export interface Traffic {
  /** True while any of its servers accepts connections. */
  readonly isListening: boolean;
  /** The same, and true while there may be a server that no request has shown yet: there is time for balancers to notice that, too. */
  readonly mayListen: boolean;
  /** True when each server it stopped has ended its last connection. */
  readonly isClosed: boolean;
  /** Requests under way, streams among them, and upgraded connections. */
  readonly inFlight: number;
  /** Called whenever a request or an upgraded connection has ended, or a server has closed. */
  onChange: (() => void) | undefined;
  /** From now on every HTTP/1 response that is not sent yet asks its client to close the connection. */
  askToClose(): void;
  /** Until `sent` has settled no server emits 'close': an application that waits for that may end the process then. */
  holdClose(sent: Promise<void>): void;
  /** Stops accepting connections, and notifies listeners of 'draining'; resolves when applications that close themselves have done so. */
  stop(): Promise<void>;
  /** Ends connections that carry no request. */
  closeIdle(): void;
  /** Ends every connection and returns how many requests and upgraded connections that cut off. */
  destroy(): number;
}
