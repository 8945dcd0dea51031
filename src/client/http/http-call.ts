import { Given } from '../../core/hidden-value.js';
import type { OutboundCall } from '../outbound-call.js';
import type { AnswerSocket } from './answer-socket.js';

/** What is kept on a request of `http` and on its response, where no code but this sees it: as {@link HiddenValue} does. */
export class HttpCall extends Given {
  /** Null for a request that is left alone. */
  #call: OutboundCall | null;
  /** Names and values in turn, which are added to the head when it is written. */
  #added: string[] | undefined;
  /** What stands in for the connection of a request that was turned away. */
  #answer: AnswerSocket | undefined;

  private constructor(message: object, call: OutboundCall | null) {
    super(message);
    this.#call = call;
    this.#added = undefined;
    this.#answer = undefined;
  }

  /** Undefined for a message that was not met yet. */
  static of(message: object): OutboundCall | null | undefined {
    return #call in message ? (message as HttpCall).#call : undefined;
  }

  static set(message: object, call: OutboundCall | null): void {
    if (#call in message) (message as HttpCall).#call = call;
    else new HttpCall(message, call);
  }

  static addedTo(request: object): readonly string[] | undefined {
    return #added in request ? (request as HttpCall).#added : undefined;
  }

  /** Of a request that was met. */
  static add(request: object, name: string, value: string): void {
    const own = request as HttpCall;
    if (own.#added === undefined) own.#added = [name, value];
    else own.#added.push(name, value);
  }

  static answerOf(request: object): AnswerSocket | undefined {
    return #answer in request ? (request as HttpCall).#answer : undefined;
  }

  /** Of a request that was met. */
  static setAnswer(request: object, answer: AnswerSocket): void {
    (request as HttpCall).#answer = answer;
  }
}
