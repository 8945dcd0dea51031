// node:https with a certificate of the situation's own, TLS facts on the socket, and a client that does not trust it.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, get } from 'node:https';
import { join } from 'node:path';

export const ends = true;

export async function service({ instrument, observe, errorOf, event }) {
  const folder = process.env.DIFFERENTIAL_FOLDER;
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      keyFile,
      '-out',
      certFile,
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
    ],
    { stdio: 'ignore' },
  );
  const [key, cert] = [readFileSync(keyFile), readFileSync(certFile)];
  const server = createServer({ key, cert }, (req, res) => {
    observe('socket', {
      encrypted: req.socket.encrypted,
      protocol: req.socket.getProtocol(),
      authorized: req.socket.authorized,
    });
    res.end('secret');
  });
  server.on('tlsClientError', (error) => event(`tls client error ${error.code}`));
  await instrument(server);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  const call = (options) =>
    new Promise((resolve) => {
      const req = get({ host: '127.0.0.1', port, agent: false, ...options }, (res) => {
        let body = '';
        res.on('data', (chunk) => {
          body += chunk;
        });
        res.on('end', () => resolve({ status: res.statusCode, body }));
      });
      req.on('error', (error) => resolve(errorOf(error)));
    });
  observe('trusted', await call({ ca: cert }));
  observe('distrusted', await call({}));
  try {
    await fetch(`https://127.0.0.1:${port}`);
  } catch (error) {
    observe('fetch', errorOf(error));
  }
  await new Promise((resolve) => server.close(resolve));
}

export const mask = [[/tls client error \w+/g, 'tls client error']];
