import type { OutboundCall } from '../outbound-call.js';
import { UndiciConnection } from './connection.js';
import type { CoreRequest } from './request.js';

/**
 * An abort with a reason of the caller's own looks like any other error; its signal tells, or the connection that is still good: with
 * HTTP/2 it is also good where the upstream has ended one stream, which has a code of its own.
 */
export function isAbortedByCaller({ signal, peer, protocolVersion }: OutboundCall, error: unknown): boolean {
  if (signal?.aborted === true)
    return (signal.reason as { name?: unknown } | undefined)?.name !== 'TimeoutError';
  if (!(peer instanceof UndiciConnection) || peer.isDestroyed) return false;
  return protocolVersion === '1.1' || !isOfStream(error);
}

function isOfStream(error: unknown): boolean {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  return name === 'TimeoutError' || (typeof code === 'string' && /^(?:ERR_HTTP2|UND_ERR)_/.test(code));
}

/** True for an error of the stream that the caller sends: undici hands it on before it destroys the stream for an error of its own. */
export function isOfBody({ body }: CoreRequest, error: unknown): boolean {
  return (
    error !== undefined &&
    error !== null &&
    (body as { errored?: unknown } | null | undefined)?.errored === error
  );
}

/** The path of a Unix domain socket that could not be connected to. */
export function socketPathIn(error: unknown): string | undefined {
  const { syscall, address, port } = (error ?? {}) as Partial<
    Record<'syscall' | 'address' | 'port', unknown>
  >;
  return syscall === 'connect' && port === undefined && typeof address === 'string' ? address : undefined;
}
