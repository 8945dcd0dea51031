import type { Traffic } from '../../../src/process/traffic.js';

/** Servers and connections that a test moves by hand. */
export class FakeTraffic implements Traffic {
  isListening = true;
  hasUnseenServer = false;
  isClosed = false;
  inFlight = 0;
  /** Connections that carry no request and that Node does not count as idle. */
  unused = 0;
  onChange: (() => void) | undefined;
  readonly calls: string[] = [];
  #closeApp: () => void = () => {};
  #appClosed = Promise.resolve();

  get mayListen(): boolean {
    return this.isListening || this.hasUnseenServer;
  }

  /** From now on stop() waits until `closeApp` is called. */
  withApplication(): this {
    this.#appClosed = new Promise((resolve) => {
      this.#closeApp = resolve;
    });
    return this;
  }

  closeApp(): void {
    this.#closeApp();
  }

  endAll(): void {
    this.inFlight = 0;
    this.#settle();
  }

  endOne(): void {
    this.inFlight -= 1;
    this.#settle();
  }

  askToClose(): void {
    this.calls.push('askToClose');
  }

  holdClose(): void {
    this.calls.push('holdClose');
  }

  stop(): Promise<void> {
    this.calls.push('stop');
    this.isListening = false;
    this.#settle();
    return this.#appClosed;
  }

  closeIdle(): void {
    this.calls.push('closeIdle');
  }

  destroy(): number {
    this.calls.push('destroy');
    const cut = this.inFlight;
    this.inFlight = 0;
    this.unused = 0;
    this.#settle();
    return cut;
  }

  #settle(): void {
    if (this.inFlight === 0 && this.unused === 0 && !this.isListening) this.isClosed = true;
    this.onChange?.();
  }
}
