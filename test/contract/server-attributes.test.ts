import { describe, expect, test } from 'vitest';
import { kinds, plainHttp1Kinds } from './apps/kinds.js';
import { pipelined, sendRaw } from './support/client.js';
import { start, useCollector } from './support/service.js';

useCollector();

describe.each(kinds)('$name', (kind) => {
  const route = (template: string) => (kind.hasRoutes ? { 'http.route': template } : {});
  const named = (method: string, template: string) => (kind.hasRoutes ? `${method} ${template}` : method);

  test('describes a request with the attributes of the HTTP conventions, and no other', async () => {
    const service = await start(kind);

    const answer = await service.send({
      path: '/orders/7?color=blue&sig=secret',
      headers: { 'user-agent': 'contract/1' },
    });

    expect({ status: answer.status, body: JSON.parse(answer.body) }).toEqual({
      status: 200,
      body: { id: '7' },
    });
    const span = await service.span();
    expect(span).toMatchObject({
      name: named('GET', '/orders/:id'),
      kind: 'SERVER',
      parentSpanId: '',
      status: { code: 'UNSET', message: '' },
      events: [],
      links: [],
      resource: { 'service.name': 'contract' },
    });
    expect(span.attributes).toEqual({
      'http.request.method': 'GET',
      'url.path': '/orders/7',
      'url.query': 'color=blue&sig=REDACTED',
      'url.scheme': kind.scheme,
      ...route('/orders/:id'),
      'http.response.status_code': 200,
      'server.address': '127.0.0.1',
      'server.port': service.address.port,
      'client.address': '127.0.0.1',
      'network.peer.address': '127.0.0.1',
      'network.peer.port': expect.any(Number),
      'network.protocol.version': kind.protocol,
      'user_agent.original': 'contract/1',
    });
    expect(span.endTimeUnixNano).toBeGreaterThanOrEqual(span.startTimeUnixNano);
  });

  test.each([201, 204, 304, 400, 404, 422])('leaves the status of the span unset for %i', async (code) => {
    const service = await start(kind);

    expect(await service.send({ path: `/status/${code}` })).toMatchObject({ status: code });

    const span = await service.span();
    expect(span).toMatchObject({ name: named('GET', '/status/:code'), status: { code: 'UNSET' } });
    expect(span.attributes).toMatchObject({ 'http.response.status_code': code });
    expect(span.attributes).not.toHaveProperty('error.type');
  });

  test.each([500, 503, 599])('calls %i an error, by its number', async (code) => {
    const service = await start(kind);

    expect(await service.send({ path: `/status/${code}` })).toMatchObject({ status: code });

    const span = await service.span();
    expect(span).toMatchObject({
      name: named('GET', '/status/:code'),
      status: { code: 'ERROR', message: '' },
    });
    expect(span.attributes).toMatchObject({ 'http.response.status_code': code, 'error.type': String(code) });
  });

  test.each(['/throws', '/rejects'])('knows the route of a handler that fails: %s', async (path) => {
    const service = await start(kind);

    expect(await service.send({ path })).toMatchObject({ status: 500 });

    const span = await service.span();
    expect(span).toMatchObject({ name: named('GET', path), status: { code: 'ERROR' } });
    expect(span.attributes).toMatchObject({
      ...route(path),
      'http.response.status_code': 500,
      'error.type': '500',
    });
  });

  test('has no route where none matched', async () => {
    const service = await start(kind);

    expect(await service.send({ path: '/nowhere/4711' })).toMatchObject({ status: 404 });

    const span = await service.span();
    expect(span).toMatchObject({ name: 'GET', status: { code: 'UNSET' } });
    expect(span.attributes).toMatchObject({ 'url.path': '/nowhere/4711', 'http.response.status_code': 404 });
    expect(span.attributes).not.toHaveProperty('http.route');
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('tells %s by its name', async (method) => {
    const service = await start(kind);

    expect(await service.send({ method, path: '/raw/any' })).toMatchObject({ status: 200 });

    const span = await service.span();
    expect(span.name).toBe(named(method, '/raw/:name'));
    expect(span.attributes).toMatchObject({ 'http.request.method': method, ...route('/raw/:name') });
    expect(span.attributes).not.toHaveProperty('http.request.method_original');
  });

  test('gives a HEAD that a GET route answers the route', async () => {
    const service = await start(kind);

    expect(await service.send({ method: 'HEAD', path: '/orders/7' })).toMatchObject({
      status: 200,
      body: '',
    });

    expect(await service.span()).toMatchObject({
      name: named('HEAD', '/orders/:id'),
      attributes: {
        'http.request.method': 'HEAD',
        'http.response.status_code': 200,
        ...route('/orders/:id'),
      },
    });
  });

  test('calls a method that is not known _OTHER, and keeps it on the span alone', async () => {
    const service = await start(kind);

    await service.send({ method: 'PROPFIND', path: '/orders/7' });

    const span = await service.span();
    expect(span.name).toMatch(/^HTTP(?! \/orders\/7)/);
    expect(span.attributes).toMatchObject({
      'http.request.method': '_OTHER',
      'http.request.method_original': 'PROPFIND',
    });
    const points = await service.points('http.server.request.duration');
    expect(points.map(({ attributes }) => attributes)).toMatchObject([{ 'http.request.method': '_OTHER' }]);
    expect(JSON.stringify(points.map(({ attributes }) => attributes))).not.toContain('PROPFIND');
  });

  test('believes what proxies in front say of the original request', async () => {
    const service = await start(kind);

    await service.send({
      path: '/orders/7',
      headers: {
        'x-forwarded-for': '203.0.113.9, 10.0.0.1',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'shop.example:8443, inner.example',
      },
    });
    await service.send({
      path: '/orders/8',
      headers: {
        forwarded: 'for="[2001:db8::7]:4711";proto=https;host=shop.example, for=10.0.0.1;proto=http',
        'x-forwarded-for': '198.51.100.1',
      },
    });

    const [first, second] = await service.spans(2);
    expect(first?.attributes).toMatchObject({
      'client.address': '203.0.113.9',
      'network.peer.address': '127.0.0.1',
      'url.scheme': 'https',
      'server.address': 'shop.example',
      'server.port': 8443,
    });
    expect(second?.attributes).toMatchObject({
      'client.address': '2001:db8::7',
      'network.peer.address': '127.0.0.1',
      'url.scheme': 'https',
      'server.address': 'shop.example',
    });
    expect(second?.attributes).not.toHaveProperty('server.port');
  });

  test('takes a scheme that a caller made up for none', async () => {
    const service = await start(kind);

    await service.send({ path: '/orders/7', headers: { 'x-forwarded-proto': 'gopher' } });

    expect((await service.span()).attributes).toMatchObject({ 'url.scheme': kind.scheme });
  });

  test('keeps a very long target whole', async () => {
    const service = await start(kind);
    const value = 'x'.repeat(8_000);

    expect(await service.send({ path: `/orders/7?q=${value}` })).toMatchObject({ status: 200 });

    expect((await service.span()).attributes).toMatchObject({
      'url.path': '/orders/7',
      'url.query': `q=${value}`,
    });
  });

  test('sees every one of 200 parallel requests, each with its own answer', async () => {
    const service = await start(kind);
    const ids = Array.from({ length: 200 }, (_, index) => String(index));

    const answers = await Promise.all(ids.map((id) => service.send({ path: `/orders/${id}` })));

    expect(answers.map(({ body }) => JSON.parse(body).id)).toEqual(ids);
    const spans = await service.spans(200);
    expect(spans.map(({ attributes }) => attributes['url.path']).sort()).toEqual(
      ids.map((id) => `/orders/${id}`).sort(),
    );
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(200);
    const points = await service.points('http.server.request.duration');
    expect(points.map(({ count }) => count)).toEqual([200]);
  });
});

describe.each(plainHttp1Kinds)('$name, byte by byte', (kind) => {
  test('takes header names in any case', async () => {
    const service = await start(kind);

    const answer = await sendRaw(
      service.address.port,
      'GET /orders/7 HTTP/1.1\r\nHOST: Shop.Example\r\nuSER-aGENT: contract/1\r\n' +
        'TraceParent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nConnection: close\r\n\r\n',
    );

    expect(answer).toContain('HTTP/1.1 200');
    expect(await service.span()).toMatchObject({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      attributes: { 'user_agent.original': 'contract/1', 'server.address': 'Shop.Example' },
    });
  });

  test('says 1.0 of HTTP/1.0, and nothing of a server that nobody named', async () => {
    const service = await start(kind);

    expect(await sendRaw(service.address.port, 'GET /orders/7 HTTP/1.0\r\n\r\n')).toContain(' 200 ');

    const { attributes } = await service.span();
    expect(attributes).toMatchObject({ 'network.protocol.version': '1.0' });
    expect(attributes).not.toHaveProperty('server.address');
    expect(attributes).not.toHaveProperty('server.port');
    expect(attributes).not.toHaveProperty('user_agent.original');
  });

  test('gives each request on a kept connection a span of its own', async () => {
    const service = await start(kind);
    await sendRaw(service.address.port, pipelined(['/orders/1', '/orders/2', '/orders/3']));

    const spans = await service.spans(3);
    expect(spans.map(({ attributes }) => attributes['url.path']).sort()).toEqual([
      '/orders/1',
      '/orders/2',
      '/orders/3',
    ]);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(3);
  });

  test('answers nothing for a request that the parser refuses, and stays in order', async () => {
    const service = await start(kind);

    expect(await sendRaw(service.address.port, 'BREW /orders/7 HTTP/1.1\r\nHost: a\r\n\r\n')).toContain(
      ' 400 ',
    );
    await service.send({ path: '/orders/8' });

    expect((await service.span()).attributes).toMatchObject({ 'url.path': '/orders/8' });
  });
});
