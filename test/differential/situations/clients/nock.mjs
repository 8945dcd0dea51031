// nock: replies, scopes that are done, matching of headers and bodies, errors, real calls that are forbidden.
export const ends = true;

export async function service({ instrument, observe, errorOf, event }) {
  const { default: nock } = await import('nock');
  const { default: axios } = await import('axios');
  const { default: got } = await import('got');
  await instrument();
  nock.disableNetConnect();
  nock.emitter.on('no match', (req) => event(`no match ${req.path ?? req.options?.path}`));
  const scope = nock('http://shop.example', { reqheaders: { 'x-own': '1' } })
    .get('/items')
    .reply(200, { mocked: true }, { 'X-From': 'nock' })
    .post('/items', { a: 1 })
    .reply(function (path, body) {
      event(
        `replying ${path} ${JSON.stringify(body)} ${Object.keys(this.req.headers).filter((name) => !/^trace|^baggage/.test(name))}`,
      );
      return [201, 'made'];
    })
    .get('/fails')
    .replyWithError(Object.assign(new Error('made up'), { code: 'ECONNRESET' }));
  const shown = ({ status, data, headers }) => ({ status, data, headers: { ...headers } });
  const headers = { 'X-Own': '1' };
  observe('get', await axios.get('http://shop.example/items', { headers }).then(shown, errorOf));
  observe('post', await axios.post('http://shop.example/items', { a: 1 }, { headers }).then(shown, errorOf));
  observe('fails', await axios.get('http://shop.example/fails', { headers }).then(shown, errorOf));
  observe('done', [scope.isDone(), nock.pendingMocks()]);
  observe('no match', await axios.get('http://shop.example/other', { headers }).then(shown, errorOf));
  nock('http://shop.example').get('/got').reply(200, 'got').get('/fetched').reply(202, 'fetched');
  observe(
    'got',
    await got('http://shop.example/got', { retry: { limit: 0 } })
      .text()
      .catch(errorOf),
  );
  observe('fetch', await fetch('http://shop.example/fetched').then((response) => response.status, errorOf));
  observe('forbidden', await axios.get('http://127.0.0.1:65533/').then(shown, errorOf));
  nock.cleanAll();
  nock.restore();
}
