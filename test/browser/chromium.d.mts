import type { Browser } from 'puppeteer-core';

export function launch(): Promise<Browser>;
