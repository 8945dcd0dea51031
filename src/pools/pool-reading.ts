/** The readings of a pool, in connections or whatever it holds. */
export interface PoolReading {
  readonly used: number;
  readonly idle: number;
  /** Who waits for one now. */
  readonly pending?: number | undefined;
  /** How many there may be; undefined where nothing limits them, and then there is no saturation either. */
  readonly max?: number | undefined;
  readonly idleMax?: number | undefined;
  readonly idleMin?: number | undefined;
}

/** One pool as this library sees it, whatever it is made by. */
export interface ObservedPool {
  /** Asked at each collection of metrics. */
  read(): PoolReading;
  /** True once it has been ended: it is then forgotten. */
  isEnded(): boolean;
  /** Gives the pool back as it was handed over. */
  detach(): void;
}
