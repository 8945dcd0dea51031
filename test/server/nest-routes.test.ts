import 'reflect-metadata';
import type { AddressInfo, Server } from 'node:net';
import {
  Controller,
  Get,
  type INestApplication,
  Module,
  NotFoundException,
  type Type,
  VersioningType,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { describe, expect, onTestFinished, test } from 'vitest';
import { instrument } from '../../src/index.js';
import { decorate } from '../contract/apps/nest.js';
import { observe, useCollector } from '../contract/support/service.js';
import { type Expected, routesOf } from './support.js';

useCollector();

function rootModule(): Type {
  class Orders {
    several() {
      return 'ok';
    }
    one() {
      return 'ok';
    }
    missing() {
      throw new NotFoundException();
    }
  }
  decorate(Orders, 'one', Get(':id'));
  decorate(Orders, 'several', Get(['', 'all']));
  decorate(Orders, 'missing', Get(':id/missing'));
  Controller({ path: 'tenants/:tenant/orders' })(Orders);
  class Root {}
  Module({ controllers: [Orders] })(Root);
  return Root;
}

describe.each([
  { name: 'express', adapter: () => new ExpressAdapter() },
  { name: 'fastify', adapter: () => new FastifyAdapter() },
])('NestJS on $name', ({ adapter }) => {
  const run = async (
    wanted: Expected,
    configure: (app: INestApplication) => void,
    when: 'before listen' | 'after listen',
  ) => {
    const app: INestApplication = await NestFactory.create(rootModule(), adapter(), { logger: false });
    onTestFinished(() => app.close());
    configure(app);
    let service = when === 'before listen' ? observe(instrument(app)) : undefined;
    await app.listen(0, '127.0.0.1');
    service ??= observe(instrument(app));
    const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
    const address = { port, scheme: 'http', protocol: '1.1' } as const;
    expect(await routesOf(address, service, Object.keys(wanted))).toEqual(wanted);
  };

  test.each(['before listen', 'after listen'] as const)(
    'tells routes of controllers, instrumented %s',
    async (when) => {
      await run(
        {
          '/tenants/acme/orders/7': '/tenants/:tenant/orders/:id',
          '/tenants/orders/orders/orders': '/tenants/:tenant/orders/:id',
          '/tenants/acme/orders/7/missing': '/tenants/:tenant/orders/:id/missing',
          '/tenants/acme/orders': '/tenants/:tenant/orders',
          '/tenants/acme/orders/all': '/tenants/:tenant/orders/all',
          '/nowhere/7': undefined,
        },
        () => {},
        when,
      );
    },
  );

  test('tells routes below a global prefix and a version', async () => {
    await run(
      { '/api/v1/tenants/acme/orders/7': '/api/v1/tenants/:tenant/orders/:id' },
      (app) => {
        app.setGlobalPrefix('api');
        app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
      },
      'before listen',
    );
  });
});
