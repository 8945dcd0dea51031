import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

/**
 * Stands in a record for the request that it was about: whatever the application has set up in that request, a timer or a connection
 * that is kept, holds the record by its context, and must not hold the request with its body and its response.
 */
export const ENDED_REQUEST: IncomingMessage = new IncomingMessage(new Socket());

/** Likewise, for the response. */
export const ENDED_RESPONSE: ServerResponse = new ServerResponse(ENDED_REQUEST);
