// Where there is a Chromium: Debian's, else the one from npm, which is unpacked into the folder for temporary files.
import { existsSync } from 'node:fs';
import puppeteer from 'puppeteer-core';

const debian = '/usr/bin/chromium';

/** A headless browser that names each request that leaves the loopback. The caller closes it. */
export async function launch() {
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--force-color-profile=srgb'];
  if (existsSync(debian)) return puppeteer.launch({ executablePath: debian, args, headless: true });
  const { default: chromium } = await import('@sparticuz/chromium');
  return puppeteer.launch({
    executablePath: await chromium.executablePath(),
    args: [...chromium.args, ...args].filter((arg) => !/single-process|no-zygote/.test(arg)),
    headless: 'shell',
  });
}
