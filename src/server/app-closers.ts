interface Closable {
  readonly server: object;
  close(): unknown;
}

const byServer = new WeakMap<object, Closable>();

/** Keeps an application that has to be closed as a whole, its second server and its own clean-up included. */
export function closesItself(app: object): void {
  const { server, close } = app as Partial<Closable>;
  if (typeof server === 'object' && typeof close === 'function') byServer.set(server, app as Closable);
}

/** How the application of a server closes; undefined for a server that is closed by itself. */
export function closerOf(server: object): (() => unknown) | undefined {
  const app = byServer.get(server);
  return app === undefined ? undefined : () => app.close();
}
