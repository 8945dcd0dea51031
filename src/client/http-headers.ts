import type { ObservedRequest } from './http-exchange.js';
import { HeaderAccess } from './outbound-headers.js';

const lineOf = new Map<string, RegExp>();

/**
 * The headers of a request of `http`. Given as an array, or with `Expect`, they are one text from the start, which is not sent
 * before the request has a socket.
 */
export const httpHeaders = new HeaderAccess<ObservedRequest>(
  (req, name) => {
    const head = req._header;
    return typeof head === 'string' ? expressionFor(name).exec(head)?.[1] : req.getHeader(name);
  },
  (req, name, value) => {
    const head = req._header;
    if (typeof head !== 'string') {
      req.setHeader(name, value);
      return;
    }
    const others = head.replace(expressionFor(name), '');
    const next = `${others.slice(0, -2)}${name}: ${value}\r\n\r\n`;
    req._header = next;
    // With Expect it waits among what is to be written.
    const [waiting] = req.outputData ?? [];
    if (typeof waiting?.data === 'string' && waiting.data.startsWith(head))
      waiting.data = next + waiting.data.slice(head.length);
  },
);

/** Few names are ever asked for: those of the propagators, and the one of the deadline. */
function expressionFor(name: string): RegExp {
  let expression = lineOf.get(name);
  if (expression === undefined) {
    expression = new RegExp(`\\r\\n${name}:[ \\t]*([^\\r]*)`, 'i');
    lineOf.set(name, expression);
  }
  return expression;
}
