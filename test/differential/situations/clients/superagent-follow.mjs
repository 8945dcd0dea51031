// superagent and follow-redirects: redirects to another host, what headers go along, retries, time-outs.
import { misbehave } from '../../fixtures/upstream.mjs';

export const ends = true;

export const upstream = (req, res, more) => {
  if (!req.url.startsWith('/away')) return misbehave(req, res, more);
  res.writeHead(302, { Location: `http://localhost:${more.server.address().port}/landed` }).end();
};

export async function service({ instrument, upstream: url, observe, errorOf }) {
  const { default: superagent } = await import('superagent');
  const { default: follow } = await import('follow-redirects');
  await instrument();
  const attempt = async (name, call) => {
    const shown = ({ status, type, body, redirects }) => ({ status, type, body, redirects });
    const failed = (error) => ({ ...errorOf(error), status: error.status, timeout: error.timeout });
    observe(name, await call().then(shown, failed));
  };
  await attempt('get', () => superagent.get(`${url}/items`).query({ a: 1 }).set('Authorization', 'secret'));
  await attempt('post', () => superagent.post(`${url}/items`).type('form').send({ a: 1 }));
  await attempt('404', () => superagent.get(`${url}/status/404`));
  await attempt('503', () => superagent.get(`${url}/status/503`).retry(1));
  await attempt('cut', () => superagent.get(`${url}/cut`));
  await attempt('time-out', () => superagent.get(`${url}/hangs`).timeout(300));
  await attempt('same host', () => superagent.get(`${url}/redirect`).set('Authorization', 'secret'));
  await attempt('other host', () =>
    superagent.get(`${url}/away`).set('Authorization', 'secret').set('Cookie', 'a=1'),
  );
  const followed = (target, options = {}) =>
    new Promise((resolve) => {
      const req = follow.http.request(target, options, (res) =>
        res.resume().on('end', () => resolve({ status: res.statusCode, url: res.responseUrl })),
      );
      req.on('error', (error) => resolve(errorOf(error)));
      req.end(options.method === 'POST' ? 'again' : undefined);
    });
  observe('followed', await followed(`${url}/redirect`));
  observe('followed away', await followed(`${url}/away`, { headers: { Authorization: 'secret' } }));
  observe('followed post', await followed(`${url}/redirect/post`, { method: 'POST' }));
  observe('too many', await followed(`${url}/redirect`, { maxRedirects: 0 }));
}
