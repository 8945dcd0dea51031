import 'reflect-metadata';
import * as common from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

/** NestJS 12, ES modules alone. */
export const nest12 = { common, NestFactory, importFastify: () => import('@nestjs/platform-fastify') };
