const slots = 65_536;

/** Spans that wait for their other half, by the id that both know. An older one gives way to a newer one. */
class Waiting {
  readonly high = new Uint32Array(slots);
  readonly low = new Uint32Array(slots);
  readonly resource = new Uint16Array(slots);
  readonly target = new Uint32Array(slots);
  readonly start = new Float64Array(slots);
  readonly duration = new Float64Array(slots);

  put(high: number, low: number, resource: number, target: number, start: number, duration: number): void {
    const slot = slotOf(high, low);
    this.high[slot] = high;
    this.low[slot] = low;
    this.resource[slot] = resource;
    this.target[slot] = target;
    this.start[slot] = start;
    this.duration[slot] = duration;
  }

  find(high: number, low: number): number {
    const slot = slotOf(high, low);
    return this.high[slot] === high && this.low[slot] === low ? slot : -1;
  }
}

function slotOf(high: number, low: number): number {
  return (Math.imul(high ^ Math.imul(low, 0x9e3779b1), 0x85ebca6b) >>> 16) & (slots - 1);
}

/** A call and the request that it became. Times in nanoseconds since the store began, each by the clock of its process. */
export interface Join {
  readonly caller: number;
  readonly callee: number;
  readonly target: number;
  readonly callStart: number;
  readonly callDuration: number;
  readonly start: number;
  readonly duration: number;
}

/** Finds the request of a call and the call of a request, whichever comes first. */
export class Joins {
  readonly #calls = new Waiting();
  readonly #requests = new Waiting();
  readonly #onJoin: (join: Join) => void;

  constructor(onJoin: (join: Join) => void) {
    this.#onJoin = onJoin;
  }

  /** A client's span: its own id. */
  call(high: number, low: number, resource: number, target: number, start: number, duration: number): void {
    const requests = this.#requests;
    const slot = requests.find(high, low);
    if (slot < 0) {
      this.#calls.put(high, low, resource, target, start, duration);
      return;
    }
    this.#onJoin({
      caller: resource,
      callee: requests.resource[slot] as number,
      target,
      callStart: start,
      callDuration: duration,
      start: requests.start[slot] as number,
      duration: requests.duration[slot] as number,
    });
  }

  /** A server's span: the id of its parent. */
  request(high: number, low: number, resource: number, start: number, duration: number): void {
    const calls = this.#calls;
    const slot = calls.find(high, low);
    if (slot < 0) {
      this.#requests.put(high, low, resource, 0, start, duration);
      return;
    }
    this.#onJoin({
      caller: calls.resource[slot] as number,
      callee: resource,
      target: calls.target[slot] as number,
      callStart: calls.start[slot] as number,
      callDuration: calls.duration[slot] as number,
      start,
      duration,
    });
  }
}
