import { mergeBaggage } from '../../context/baggage.js';
import { isContextHeader, isSigned } from '../context-header.js';

/** A request of `http` that has its head to write, or has written it. */
interface HeadRequest {
  /** The head, once it is written; what Node keeps it in until the socket is there. */
  _header?: string | null;
  readonly outputData?: readonly { data: unknown }[];
  getHeader(name: string): unknown;
  setHeader(name: string, value: string): unknown;
}

const lineOf = new Map<string, RegExp>();

/** With `Expect` the head is sent as soon as it is written: what goes into it has to be there before. */
export function beforeHead(req: HeadRequest, added: readonly string[]): void {
  if (req.getHeader('expect') === undefined) return;
  forEachAdded(addableTo(req, added), headerOfRequest, req, (name, value) => req.setHeader(name, value));
}

/** Adds headers, names and values in turn, to a head that has just been written. What the application has set stays as it is. */
export function addToHead(req: HeadRequest, added: readonly string[]): void {
  if (typeof req._header !== 'string' || req.getHeader('expect') !== undefined) return;
  let head = req._header;
  forEachAdded(addableTo(req, added), headerOfRequest, req, (name, value, isThere) => {
    head = isThere ? replacedIn(head, name, value) : appendedTo(head, name, value);
  });
  req._header = head;
}

/** As {@link addToHead}, for a head that was written before, and has not been sent. */
export function addToWrittenHead(req: HeadRequest, added: readonly string[]): void {
  const written = req._header as string;
  let head = written;
  forEachAdded(added, headerOfHead, written, (name, value, isThere) => {
    head = isThere ? replacedIn(head, name, value) : appendedTo(head, name, value);
  });
  req._header = head;
  // With Expect it waits among what is to be written.
  const [waiting] = req.outputData ?? [];
  if (typeof waiting?.data === 'string' && waiting.data.startsWith(written))
    waiting.data = head + waiting.data.slice(written.length);
}

/** The value of a header in a head, of several lines together; undefined without it. */
export function headerOfHead(head: string, name: string): string | undefined {
  const lines = head.match(expressionFor(name));
  return lines?.map((line) => line.slice(line.indexOf(':') + 1).trim()).join(',');
}

function headerOfRequest(req: HeadRequest, name: string): unknown {
  return req.getHeader(name);
}

/** Where the application has set a `traceparent` since, what goes with one is left out. */
function addableTo(req: HeadRequest, added: readonly string[]): readonly string[] {
  if (req.getHeader('traceparent') === undefined) return added;
  return added.filter((_text, index) => !isContextHeader(added[index - (index % 2)] as string));
}

type Write = (name: string, value: string, isThere: boolean) => unknown;

function forEachAdded<R>(
  added: readonly string[],
  get: (from: R, name: string) => unknown,
  from: R,
  write: Write,
): void {
  for (let index = 0; index + 1 < added.length; index += 2) {
    const name = added[index] as string;
    const value = added[index + 1] as string;
    const given = get(from, name);
    if (given === undefined) write(name, value, false);
    else if (name === 'baggage' && !isSigned(name, get(from, 'authorization'), get(from, 'signature-input')))
      write(name, mergeBaggage(given, value), true);
  }
}

function appendedTo(head: string, name: string, value: string): string {
  return `${head.slice(0, -2)}${name}: ${value}\r\n\r\n`;
}

function replacedIn(head: string, name: string, value: string): string {
  return appendedTo(head.replace(expressionFor(name), ''), name, value);
}

/** Few names are ever asked for: those of the propagators, and the one of the deadline. */
function expressionFor(name: string): RegExp {
  let expression = lineOf.get(name);
  if (expression === undefined) {
    expression = new RegExp(`\\r\\n${name}:[^\\r]*`, 'gi');
    lineOf.set(name, expression);
  }
  return expression;
}
