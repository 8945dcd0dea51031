import 'reflect-metadata';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import {
  All,
  Controller,
  Get,
  HttpException,
  type INestApplication,
  Module,
  Param,
  Post,
  Req,
  Res,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { closerOf } from '../support/listening.js';
import { failure, type Kind, type RawHandler } from './app.js';

/** Decorators by hand: the tests are compiled without the old decorators that Nest is made for. */
export function decorate(target: Type, method: string, ...decorators: readonly MethodDecorator[]): void {
  const descriptor = Object.getOwnPropertyDescriptor(target.prototype, method) as PropertyDescriptor;
  for (const decorator of decorators) decorator(target.prototype, method, descriptor);
}

export function decorateParameter(target: Type, method: string, index: number, by: ParameterDecorator): void {
  by(target.prototype, method, index);
}

function moduleOf(raw: RawHandler): Type {
  class Contract {
    order(id: string) {
      return { id };
    }
    created() {
      return {};
    }
    status(code: string) {
      throw new HttpException('as asked for', Number(code));
    }
    throws() {
      throw failure();
    }
    async rejects() {
      throw failure();
    }
    async raw(req: IncomingMessage | { raw: IncomingMessage }, res: ServerResponse | FastifyReply) {
      if ('hijack' in res) res.hijack();
      await raw('raw' in req ? req.raw : req, 'hijack' in res ? res.raw : res);
    }
  }
  interface FastifyReply {
    readonly raw: ServerResponse;
    hijack(): void;
  }
  decorate(Contract, 'order', Get('orders/:id'));
  decorateParameter(Contract, 'order', 0, Param('id'));
  decorate(Contract, 'created', Post('orders'));
  decorate(Contract, 'status', Get('status/:code'));
  decorateParameter(Contract, 'status', 0, Param('code'));
  decorate(Contract, 'throws', Get('throws'));
  decorate(Contract, 'rejects', Get('rejects'));
  decorate(Contract, 'raw', All('raw/:name'));
  decorateParameter(Contract, 'raw', 0, Req());
  decorateParameter(Contract, 'raw', 1, Res());
  Controller()(Contract);
  class Root {}
  Module({ controllers: [Contract] })(Root);
  return Root;
}

function kind(name: string, adapterOf: () => ExpressAdapter | FastifyAdapter): Kind {
  return {
    name: `NestJS on ${name}`,
    scheme: 'http',
    protocol: '1.1',
    hasRoutes: true,
    async create(raw) {
      const app: INestApplication = await NestFactory.create(moduleOf(raw), adapterOf(), {
        logger: false,
        bodyParser: false,
      });
      const server = app.getHttpServer() as Server;
      const closeConnections = closerOf(server);
      return {
        target: app,
        async addRoutes() {
          const instance = app.getHttpAdapter().getInstance();
          instance.addContentTypeParser?.(
            '*',
            (_request: unknown, _payload: unknown, done: (e: null) => void) => done(null),
          );
          await app.init();
        },
        async listen() {
          await app.listen(0, '127.0.0.1');
          return { port: (server.address() as AddressInfo).port, scheme: 'http', protocol: '1.1' };
        },
        async close() {
          await closeConnections();
          await app.close();
        },
      };
    },
  };
}

export const nestKinds: readonly Kind[] = [
  kind('express', () => new ExpressAdapter()),
  kind('fastify', () => new FastifyAdapter()),
];
