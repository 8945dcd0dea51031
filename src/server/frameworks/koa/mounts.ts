/** A prefix that something was mounted at, with those around it, and the path that was left behind it. */
interface Mount {
  readonly prefix: string;
  readonly before: string;
  readonly after: string;
}

interface KoaRequest {
  readonly ctx: { readonly mountPath?: unknown };
}

const mountsByRequest = new WeakMap<object, Mount[]>();
const maxMounts = 32;

/**
 * Learns which prefixes koa-mount takes from the paths of an application's requests: it says the prefix in the context and then sets the
 * path without it. Koa has an accessor for the path; another stands before it for this application alone.
 */
export function watchKoaMounts(requestPrototype: object): void {
  if (Object.hasOwn(requestPrototype, 'path')) return;
  const parent: object = Object.getPrototypeOf(requestPrototype);
  const { get, set } = Object.getOwnPropertyDescriptor(parent, 'path') ?? {};
  if (get === undefined || set === undefined) return;
  Object.defineProperty(requestPrototype, 'path', {
    configurable: true,
    enumerable: true,
    get,
    set(this: KoaRequest, path: string) {
      note(this, get.call(this), path);
      set.call(this, path);
    },
  });
}

/**
 * The prefixes that were taken away before a router matched by this expression, put together; '' where it saw the whole path. Only text
 * that was given as a prefix: what other middleware takes from a path may be a value.
 */
export function mountsOf(request: object, regexp: RegExp | undefined): string {
  const mounts = mountsByRequest.get(request);
  return mounts?.findLast(({ after }) => regexp === undefined || regexp.test(after))?.prefix ?? '';
}

function note(request: KoaRequest, before: string, after: string): void {
  const { mountPath } = request.ctx;
  if (typeof mountPath !== 'string' || before.indexOf(mountPath) !== 0) return;
  if ((before.slice(mountPath.length) || '/') !== after) return;
  let mounts = mountsByRequest.get(request);
  if (mounts === undefined) {
    mounts = [];
    mountsByRequest.set(request, mounts);
  }
  if (mounts.length >= maxMounts) return;
  // The one around it has left just the path that this one begins with.
  const outer = mounts.findLast((mount) => mount.after === before);
  const own = mountPath.endsWith('/') ? mountPath.slice(0, -1) : mountPath;
  mounts.push({ prefix: (outer?.prefix ?? '') + own, before, after });
}
