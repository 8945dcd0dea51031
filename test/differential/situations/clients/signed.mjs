// A caller that signs its headers, traceparent among them, and one that copies headers to another host: they arrive as they were set.
import { createHmac } from 'node:crypto';
import http from 'node:http';
import { misbehave as upstream } from '../../fixtures/upstream.mjs';

export { upstream };
export const ends = true;

const setAll = (req, headers, prefix) => {
  for (const [name, value] of Object.entries(headers)) req.setHeader(prefix + name, value);
};

export async function service({ instrument, upstream: url, observe, errorOf }) {
  const { request } = await import('undici');
  const { default: axios } = await import('axios');
  await instrument();
  const headers = {
    traceparent: '00-11111111111111111111111111111111-2222222222222222-01',
    tracestate: 'own=1',
    baggage: 'user=ann',
  };
  headers['x-signature'] = createHmac('sha256', 'secret').update(Object.values(headers).join()).digest('hex');
  observe('fetch', await fetch(`${url}/fetch`, { headers }).then((response) => response.status, errorOf));
  observe(
    'Headers',
    await fetch(`${url}/headers`, { headers: new Headers(headers) }).then(
      (response) => response.status,
      errorOf,
    ),
  );
  observe(
    'undici',
    await request(`${url}/undici`, { headers }).then(({ statusCode, body }) => {
      body.dump();
      return statusCode;
    }, errorOf),
  );
  observe(
    'list',
    await request(`${url}/list`, { headers: Object.entries(headers).flat() }).then(({ statusCode, body }) => {
      body.dump();
      return statusCode;
    }, errorOf),
  );
  observe('axios', await axios.get(`${url}/axios`, { headers }).then(({ status }) => status, errorOf));
  const call = (path, act) =>
    new Promise((resolve) => {
      const req = http.request(`${url}${path}`, act === undefined ? { headers } : {}, (res) =>
        res.resume().on('end', () => resolve(res.statusCode)),
      );
      act?.(req);
      req.on('error', (error) => resolve(errorOf(error)));
      req.end();
    });
  observe('http', await call('/http'));
  observe('setHeader', await call('/set', (req) => setAll(req, headers, '')));
  observe('copied', await call('/copied', (req) => setAll(req, req.getHeaders(), 'x-copy-')));
}
