import * as http from 'node:http';
import express5, { type Express } from 'express';
import { closerOf, listenOn } from '../support/listening.js';
import { failure, type Kind } from './app.js';

// Types of express 4 are not installed; what is used here is the same.
const express4 = require('express4') as typeof express5;

function kind(version: 4 | 5, express: typeof express5): Kind {
  return {
    name: `express ${version}`,
    scheme: 'http',
    protocol: '1.1',
    hasRoutes: true,
    create(raw) {
      const app: Express = express();
      // Silences the stack that express writes to standard error.
      app.set('env', 'test');
      const server = http.createServer(app);
      return {
        target: app,
        addRoutes() {
          app.get('/orders/:id', (req, res) => void res.json({ id: req.params.id }));
          app.post('/orders', (_req, res) => void res.status(201).json({}));
          app.get('/status/:code', (req, res) => void res.sendStatus(Number(req.params.code)));
          app.get('/throws', () => {
            throw failure();
          });
          app.get('/rejects', (_req, _res, next) => {
            const rejected = Promise.reject(failure());
            // express 4 does not wait for promises.
            return version === 5 ? rejected : rejected.catch(next);
          });
          app.all('/raw/:name', (req, res) => raw(req, res));
        },
        listen: async () => ({ port: await listenOn(server), scheme: 'http', protocol: '1.1' }),
        close: closerOf(server),
      };
    },
  };
}

export const expressKinds: readonly Kind[] = [kind(5, express5), kind(4, express4)];
