import type { Context } from '@opentelemetry/api';
import { ServiceRouter } from '../context/service-router.js';
import type { Outbound } from './outbound.js';

/** Finds the service that a call belongs to. */
export class OutboundRouter extends ServiceRouter<Outbound> {
  /** True once a service was added that repeats calls. */
  mayRepeat = false;

  override add(owner: object, outbound: Outbound): void {
    super.add(owner, outbound);
    this.mayRepeat ||= outbound.mayRepeat;
  }

  outboundFor(context: Context): Outbound | undefined {
    return this.serviceFor(context);
  }
}
