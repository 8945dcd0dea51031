import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { consoleFor } from './support/console.js';

function pageFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'page-'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>page</title>');
  writeFileSync(join(folder, 'page-abc.js.gz'), gzipSync('export {}'));
  return folder;
}

test('every address of the page gives the same document, which is asked for anew each time', async () => {
  const { endpoint } = await consoleFor({ pageFolder: pageFolder() });
  for (const path of ['/', '/services', '/services/a.b', '/traces/0123', '/map?window=1h']) {
    const response = await fetch(endpoint + path);
    expect(response.status, path).toBe(200);
    expect(response.headers.get('cache-control'), path).toBe('no-cache');
    expect(response.headers.get('content-security-policy'), path).toMatch(/^default-src 'self'/);
    expect(await response.text(), path).toContain('<title>page</title>');
  }
});

test('a file is kept for ever, and is not sent again to who has it', async () => {
  const { endpoint } = await consoleFor({ pageFolder: pageFolder() });
  const url = `${endpoint}/assets/page-abc.js`;
  const first = await fetch(url);
  expect(first.headers.get('content-encoding')).toBe('gzip');
  expect(first.headers.get('cache-control')).toContain('immutable');
  expect(first.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(await first.text()).toBe('export {}');
  const tag = first.headers.get('etag') as string;
  expect((await fetch(url, { headers: { 'if-none-match': tag } })).status).toBe(304);
});

test('who takes no gzip gets a file unpacked', async () => {
  const { endpoint } = await consoleFor({ pageFolder: pageFolder() });
  const response = await fetch(`${endpoint}/assets/page-abc.js`, {
    headers: { 'accept-encoding': 'identity' },
  });
  expect(response.headers.get('content-encoding')).toBe(null);
  expect(await response.text()).toBe('export {}');
});

test('what is not there is not there, nor is what lies outside of the folder', async () => {
  const { endpoint } = await consoleFor({ pageFolder: pageFolder() });
  for (const path of ['/assets/other.js', '/assets/..%2f..%2fetc%2fpasswd', '/favicon.ico', '/assets/'])
    expect((await fetch(endpoint + path)).status, path).toBe(404);
});

test('a console without a page says where questions are answered', async () => {
  const { endpoint } = await consoleFor();
  expect(await (await fetch(`${endpoint}/`)).text()).toContain('/api/');
});
