import { EventEmitter } from 'node:events';
import type { Host } from '../../../src/process/process-signals.js';

/** A process that signals reach only by hand, and whose end is only noted. */
export class FakeHost extends EventEmitter {
  readonly pid = 4_711;
  exitCode: number | undefined;
  /** What exit() was called with. */
  readonly exits: number[] = [];
  /** What was sent with kill(); a test delivers it. */
  readonly kills: [pid: number, signal: string | number | undefined][] = [];
  hasCapture = false;

  exit(code: number): void {
    this.exits.push(code);
  }

  kill(pid: number, signal?: string | number): true {
    this.kills.push([pid, signal]);
    return true;
  }

  hasUncaughtExceptionCaptureCallback(): boolean {
    return this.hasCapture;
  }

  /** Throws as Node does; true if somebody took it. */
  uncaught(error: unknown, origin = 'uncaughtException'): boolean {
    this.emit('uncaughtExceptionMonitor', error, origin);
    return this.emit('uncaughtException', error, origin);
  }

  asHost(): Host {
    return this as unknown as Host;
  }
}
