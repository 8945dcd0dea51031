import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Serves the page of the console out of the folder that the build made. */
export class Page {
  readonly #folder: string | undefined;
  /** By name, compressed; read when the first page is opened. */
  #assets: ReadonlyMap<string, Buffer> | undefined;
  #index: Buffer | undefined;

  /** Without a folder there is no page, and its address says so. */
  constructor(folder: string | undefined) {
    this.#folder = folder;
  }

  /** False where there is no such file. */
  serve(url: URL, request: IncomingMessage, response: ServerResponse): boolean {
    if (this.#folder === undefined) return withoutPage(url, response);
    if (this.#assets === undefined) this.#read(this.#folder);
    const { pathname } = url;
    const asset = /^\/assets\/([^/]+)$/.exec(pathname)?.[1];
    if (asset !== undefined) return this.#sendAsset(asset, request, response);
    if (pathname.startsWith('/assets/')) return false;
    // The page's own addresses are names of things, which may have dots; files are under /assets/ only.
    if (extname(pathname) !== '' && !/^\/(?:services|traces)\/./.test(pathname)) return false;
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' });
    response.end(this.#index);
    return true;
  }

  #read(folder: string): void {
    this.#index = readFileSync(join(folder, 'index.html'));
    this.#assets = new Map(
      readdirSync(folder)
        .filter((name) => name.endsWith('.gz'))
        .map((name) => [name.slice(0, -'.gz'.length), readFileSync(join(folder, name))]),
    );
  }

  #sendAsset(name: string, request: IncomingMessage, response: ServerResponse): boolean {
    const packed = this.#assets?.get(name);
    if (packed === undefined) return false;
    const tag = `"${name}"`;
    const headers = {
      // The name changes with what is in it.
      'cache-control': 'public, max-age=31536000, immutable',
      etag: tag,
      vary: 'accept-encoding',
      'content-type': types[extname(name)] ?? 'application/octet-stream',
    };
    if (request.headers['if-none-match'] === tag) {
      response.writeHead(304, headers);
      response.end();
      return true;
    }
    const takesGzip = /\bgzip\b(?!;q=0\b)/.test(String(request.headers['accept-encoding'] ?? ''));
    const body = takesGzip ? packed : gunzipSync(packed);
    response.writeHead(200, {
      ...headers,
      'content-length': body.length,
      ...(takesGzip ? { 'content-encoding': 'gzip' } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
    return true;
  }
}

function withoutPage(url: URL, response: ServerResponse): boolean {
  if (url.pathname !== '/') return false;
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
  response.end('golden-signals console: questions are answered under /api/, see docs/console.md\n');
  return true;
}
