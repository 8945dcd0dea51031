// axios with its http and fetch adapters, axios-retry, interceptors, errors as an error handler sees them.
import { misbehave as upstream } from '../../fixtures/upstream.mjs';

export { upstream };
export const ends = true;

export async function service({ instrument, upstream: url, observe, errorOf }) {
  const { default: axios } = await import('axios');
  const { default: axiosRetry } = await import('axios-retry');
  await instrument();
  for (const adapter of ['http', 'fetch']) {
    const client = axios.create({ baseURL: url, adapter, headers: { 'User-Agent': 'shop' } });
    client.interceptors.request.use((config) => {
      config.headers.set('X-Intercepted', 'yes');
      return config;
    });
    const attempt = async (name, call) => {
      const shown = ({ status, statusText, headers, data }) => ({
        status,
        statusText,
        headers: { ...headers, date: undefined },
        data,
      });
      const failed = (error) => ({
        ...errorOf(error),
        response: error.response && shown(error.response),
        json: error.toJSON && Object.keys(error.toJSON()),
      });
      observe(`${adapter}: ${name}`, await call().then(shown, failed));
    };
    await attempt('get', () => client.get('/items', { params: { a: [1, 2] } }));
    await attempt('post', () => client.post('/items', { a: 1 }));
    await attempt('404', () => client.get('/status/404'));
    await attempt('500', () => client.get('/status/500'));
    await attempt('redirect', () => client.get('/redirect'));
    await attempt('cut', () => client.get('/cut'));
    await attempt('time-out', () => client.get('/hangs', { timeout: 300 }));
    await attempt('too large', () => client.get('/large', { maxContentLength: 100 }));
    await attempt('cancelled', () => client.get('/hangs', { signal: AbortSignal.timeout(300) }));
    await attempt('refused', () => client.get('http://127.0.0.1:65533/'));
  }
  const retrying = axios.create({ baseURL: url });
  axiosRetry(retrying, { retries: 2, retryDelay: () => 1 });
  observe(
    'retried',
    await retrying
      .get('/status/503')
      .catch((error) => ({ ...errorOf(error), retries: error.config['axios-retry'].retryCount })),
  );
}
