import { HeaderAccess } from '../outbound-headers.js';
import type { ObservedRequest } from './exchange.js';
import { addToWrittenHead, headerOfHead } from './head.js';
import { HttpCall } from './http-call.js';

/**
 * The headers of a request of `http`. Given as an array, or with `Expect`, they are one text from the start, which is not sent
 * before the request has a socket; else what is added waits for that text to be written.
 */
export const httpHeaders = new HeaderAccess<ObservedRequest>(
  (req, name) => {
    const head = req._header;
    return typeof head === 'string' ? headerOfHead(head, name) : req.getHeader(name);
  },
  (req, name, value) => {
    if (typeof req._header === 'string') addToWrittenHead(req, [name, value]);
    else HttpCall.add(req, name, value);
  },
);
