import { RESOURCE, SCOPE } from '../receive/otlp-schema.js';
import { type Json, protobufToJson } from '../receive/protobuf-to-json.js';
import { plainAttributes } from './attributes.js';
import { Interner } from './interner.js';

/** A process that sends, by the attributes of its resource. */
export interface Resource {
  readonly service: number;
  readonly serviceName: string;
  readonly namespace: string;
  readonly version: string;
  readonly instance: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** As it was sent. */
  readonly bytes: Buffer;
}

interface Scope {
  readonly name: string;
  readonly version: string;
  readonly bytes: Buffer;
}

const maxServices = 500;
const unnamed = 'unknown_service';

/** What many spans share, kept once: names, routes, resources, scopes, services. All of it is bounded. */
export class Catalog {
  readonly names: Interner;
  readonly routes: Interner;
  readonly services: string[] = [];
  readonly #serviceIds = new Map<string, number>();
  readonly #resourceIds: Interner;
  readonly #resources: Resource[] = [];
  /** Those that could not be read: they cannot be the next time. */
  readonly #broken = new Set<number>();
  readonly #scopeIds: Interner;
  readonly #now: () => number;
  readonly #firstMs: number[] = [];
  readonly #lastMs: number[] = [];
  readonly #scopes: Scope[] = [{ name: '', version: '', bytes: Buffer.alloc(0) }];

  /** It takes a sixth of these bytes at most. */
  constructor(maxBytes: number, now: () => number) {
    this.#now = now;
    const most = (entries: number, bytesEach: number) => Math.min(entries, Math.floor(maxBytes / bytesEach));
    this.names = new Interner({ maxEntries: most(200_000, 2_048), maxBytes: maxBytes / 64 });
    this.routes = new Interner({ maxEntries: most(100_000, 4_096), maxBytes: maxBytes / 128 });
    this.#resourceIds = new Interner({
      maxEntries: most(20_000, 8_192),
      maxBytes: maxBytes / 64,
      maxLength: 16_384,
      isText: false,
    });
    this.#scopeIds = new Interner({
      maxEntries: most(5_000, 16_384),
      maxBytes: maxBytes / 256,
      maxLength: 4_096,
      isText: false,
    });
    this.#resources.push(this.#read(Buffer.alloc(0)));
  }

  get bytes(): number {
    return this.names.bytes + this.routes.bytes + 3 * this.#resourceIds.bytes + 3 * this.#scopeIds.bytes;
  }

  /** @throws Malformed */
  resourceOf(bytes: Buffer, start: number, end: number): number {
    const id = this.#resourceIds.ofBytes(bytes, start, end);
    if (id >= this.#resources.length) {
      // Its number is given, whatever it is.
      this.#resources[id] = this.#resources[0] as Resource;
      this.#broken.add(id);
      this.#resources[id] = this.#read(Buffer.from(bytes.subarray(start, end)));
      this.#broken.delete(id);
    } else if (this.#broken.has(id)) this.#read(Buffer.from(bytes.subarray(start, end)));
    const nowMs = this.#now();
    this.#firstMs[id] ??= nowMs;
    this.#lastMs[id] = nowMs;
    return id;
  }

  resource(id: number): Resource {
    return this.#resources[id] as Resource;
  }

  /** When something of a resource came in first and last, in milliseconds since the epoch. */
  seen(id: number): { readonly firstMs: number; readonly lastMs: number } {
    return { firstMs: this.#firstMs[id] ?? 0, lastMs: this.#lastMs[id] ?? 0 };
  }

  get resources(): readonly Resource[] {
    return this.#resources;
  }

  /** @throws Malformed */
  scopeOf(bytes: Buffer, start: number, end: number): number {
    const id = this.#scopeIds.ofBytes(bytes, start, end);
    if (id >= this.#scopes.length) {
      const own = Buffer.from(bytes.subarray(start, end));
      this.#scopes[id] = this.#scopes[0] as Scope;
      const { name, version } = protobufToJson(own, SCOPE) as { name?: string; version?: string };
      this.#scopes[id] = { name: name ?? '', version: version ?? '', bytes: own };
    }
    return id;
  }

  scope(id: number): Scope {
    return this.#scopes[id] as Scope;
  }

  serviceOf(name: string): number {
    const known = this.#serviceIds.get(name);
    if (known !== undefined) return known;
    // The last one stands for all that come after it.
    if (this.services.length >= maxServices) return maxServices - 1;
    const id = this.services.length;
    this.services.push(id === maxServices - 1 ? '(further services)' : name);
    this.#serviceIds.set(this.services[id] as string, id);
    return id;
  }

  findService(name: string): number | undefined {
    return this.#serviceIds.get(name);
  }

  #read(bytes: Buffer): Resource {
    const attributes = plainAttributes(protobufToJson(bytes, RESOURCE) as Json);
    const text = (key: string) => (typeof attributes[key] === 'string' ? (attributes[key] as string) : '');
    const name = text('service.name').slice(0, 200) || unnamed;
    const service = this.serviceOf(name);
    return {
      service,
      serviceName: this.services[service] as string,
      namespace: text('service.namespace'),
      version: text('service.version'),
      instance: text('service.instance.id'),
      attributes,
      bytes,
    };
  }
}
