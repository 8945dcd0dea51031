import ts from 'typescript';

/** A service as somebody has it before they meet this library. It sends its port to its parent. */
export interface SmallService {
  readonly title: string;
  readonly packages: readonly string[];
  readonly manifest: object;
  readonly files: Readonly<Record<string, string>>;
  /** The file that makes the application. */
  readonly file: string;
  readonly framework: string;
  readonly moduleSystem: string;
  /** What the file says afterwards, in place of these. */
  readonly added: readonly [load: string, call: string];
  /** What Node runs, where that is not the file itself: its name, and what it is made of. */
  readonly compiled?: readonly [file: string, module: ts.ModuleKind];
}

const tellPort = 'process.send(server.address().port)';

const importLine = "import { instrument } from 'golden-signals';";
const requireLine = "const { instrument } = require('golden-signals');";

export const smallServices: readonly SmallService[] = [
  {
    title: 'express, ES module',
    packages: ['express'],
    manifest: { type: 'module', main: 'src/server.js', dependencies: { express: '*' } },
    files: {
      'src/server.js': `#!/usr/bin/env node
// const app = express(); is below
import express, { Router } from 'express';
import { orders } from './orders.js';

const app = express();
app.use('/orders', orders(Router()));
app.get('/', (req, res) => res.send(\`const app = express(); // \${'}'}\`));
const server = app.listen(0, () => ${tellPort});
`,
      'src/orders.js': `export const orders = (router) => router.get('/:id', (req, res) => res.json({ id: req.params.id }));\n`,
    },
    file: 'src/server.js',
    framework: 'express',
    moduleSystem: 'ES module',
    added: [importLine, 'instrument(app);'],
  },
  {
    title: 'express, CommonJS without semicolons and with CRLF, the app in a file of its own',
    packages: ['express'],
    manifest: { scripts: { start: 'node index.js' }, dependencies: { express: '*' } },
    files: {
      'index.js': `const app = require('./app')\r\nconst server = app.listen(0, () => ${tellPort})\r\n`,
      'app.js': `'use strict'\r\nconst path = require("path")\r\nconst express = require("express")\r\n\r\nvar app = module.exports = express()\r\n\r\napp.get('/', (req, res) => res.send('ok'))\r\n`,
    },
    file: 'app.js',
    framework: 'express',
    moduleSystem: 'CommonJS',
    added: ['const { instrument } = require("golden-signals")', 'instrument(app)'],
    compiled: ['index.js', ts.ModuleKind.None],
  },
  {
    title: 'express, TypeScript, in a function',
    packages: ['express'],
    manifest: { main: 'dist/main.js', dependencies: { express: '*' }, devDependencies: { typescript: '*' } },
    files: {
      'src/main.ts': `import express, { type Express } from 'express';
import type { AddressInfo } from 'node:net';

export function createApp(): Express {
  const app: Express = express();
  app.get('/', (_req, res) => {
    res.send('ok');
  });
  return app;
}

const server = createApp().listen(0, () => process.send?.((server.address() as AddressInfo).port));
`,
    },
    file: 'src/main.ts',
    framework: 'express',
    moduleSystem: 'TypeScript',
    added: [importLine, '  instrument(app);'],
    compiled: ['dist/main.js', ts.ModuleKind.CommonJS],
  },
  {
    title: 'fastify, CommonJS, loaded and called at once',
    packages: ['fastify'],
    manifest: { dependencies: { fastify: '*' } },
    files: {
      'server.js': `const fastify = require('fastify')({
  logger: false,
  trustProxy: /[/]\`/.test('x'),
});

fastify.get('/', async () => ({ ok: true }));
fastify.listen({ port: 0 }).then(() => process.send(fastify.server.address().port));
`,
    },
    file: 'server.js',
    framework: 'fastify',
    moduleSystem: 'CommonJS',
    added: [requireLine, 'instrument(fastify);'],
  },
  {
    title: 'fastify, ES module, by its named export',
    packages: ['fastify'],
    manifest: { type: 'module', dependencies: { fastify: '*' } },
    files: {
      'index.js': `import { fastify as createFastify } from 'fastify';
const app = createFastify();
app.get('/', async () => ({ ok: true }));
await app.listen({ port: 0 });
process.send(app.server.address().port);
`,
    },
    file: 'index.js',
    framework: 'fastify',
    moduleSystem: 'ES module',
    added: [importLine, 'instrument(app);'],
  },
  {
    title: 'Koa, ES module',
    packages: ['koa'],
    manifest: { dependencies: { koa: '*' } },
    files: {
      'server.mjs': `import Koa from 'koa';
const app = new Koa(); // one of them
app.use((ctx) => {
  if (ctx.path === '/') ctx.body = 'ok';
});
const server = app.listen(0, () => ${tellPort});
`,
    },
    file: 'server.mjs',
    framework: 'koa',
    moduleSystem: 'ES module',
    added: [importLine, 'instrument(app);'],
  },
  {
    title: 'Hono, TypeScript, with an app below another',
    packages: ['hono', '@hono/node-server'],
    manifest: {
      type: 'module',
      dependencies: { hono: '*', '@hono/node-server': '*' },
      devDependencies: { typescript: '*' },
    },
    files: {
      'src/index.ts': `import { serve } from '@hono/node-server';
import { Hono } from 'hono';

const orders = new Hono().basePath('/orders');
const books = new Hono();
const app = new Hono<{ Variables: { user: string } }>();
app.route('/books', books).route('/', orders);
app.get('/', (c) => c.text('ok'));
serve({ fetch: app.fetch, port: 0 }, ({ port }) => process.send?.(port));
`,
    },
    file: 'src/index.ts',
    framework: 'hono',
    moduleSystem: 'TypeScript',
    added: [importLine, 'instrument(app);'],
    compiled: ['src/index.js', ts.ModuleKind.ESNext],
  },
  {
    title: 'NestJS',
    packages: ['@nestjs/common', '@nestjs/core', '@nestjs/platform-express', 'reflect-metadata', 'rxjs'],
    manifest: {
      scripts: { start: 'nest start', 'start:prod': 'node dist/main' },
      dependencies: { '@nestjs/core': '*', '@nestjs/platform-express': '*' },
      devDependencies: { typescript: '*' },
    },
    files: {
      'src/main.ts': `import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';

@Controller()
class AppController {
  @Get()
  hello() {
    return 'ok';
  }
}

@Module({ controllers: [AppController] })
class AppModule {}

async function bootstrap() {
  const app = await NestFactory.create<NestExpressApplication>(AppModule, {
    logger: false,
  });
  await app.listen(0);
  process.send?.(app.getHttpServer().address().port);
}
bootstrap();
`,
    },
    file: 'src/main.ts',
    framework: 'nest',
    moduleSystem: 'TypeScript',
    added: [importLine, '  instrument(app);'],
    compiled: ['dist/main.js', ts.ModuleKind.CommonJS],
  },
  {
    title: 'http, CommonJS',
    packages: [],
    manifest: {},
    files: {
      'server.cjs': `const http = require('node:http');

const server = http.createServer((req, res) => {
  if (req.url !== '/') res.statusCode = 404;
  res.end('ok');
});
server.listen(0, () => ${tellPort});
`,
      'server.test.cjs': `const server = require('node:http').createServer();\n`,
    },
    file: 'server.cjs',
    framework: 'http',
    moduleSystem: 'CommonJS',
    added: [requireLine, 'instrument(server);'],
  },
];

/** What Node can run of a TypeScript file. */
export function compile(text: string, module: ts.ModuleKind): string {
  const compilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module,
    esModuleInterop: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  };
  return ts.transpileModule(text, { compilerOptions }).outputText;
}
