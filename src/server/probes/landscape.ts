/**
 * What an application has at a path: a GET `route` for it, or some middleware or other application that stands there (`mount`).
 * Parameters and `*` are not meant for it.
 */
export type Found = 'route' | 'mount' | undefined;

/** What is behind a server, as far as it can be seen: a change of it may bring routes. */
export class Landscape {
  readonly #listeners: readonly unknown[];
  readonly #size: number;

  constructor(listeners: readonly unknown[], size: number) {
    this.#listeners = listeners;
    this.#size = size;
  }

  equals(other: Landscape): boolean {
    return (
      this.#size === other.#size &&
      this.#listeners.length === other.#listeners.length &&
      this.#listeners.every((listener, index) => listener === other.#listeners[index])
    );
  }
}
