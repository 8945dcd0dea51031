import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const css = readFileSync(join(__dirname, '../../src/page/style/tokens.css'), 'utf8');

function tokensOf(theme: 'light' | 'dark'): ReadonlyMap<string, string> {
  const selector = theme === 'light' ? /:root \{([^}]*)\}/ : /:root\[data-theme="dark"\] \{([^}]*)\}/;
  const [, block = ''] = selector.exec(css) ?? [];
  return new Map(
    [...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value]),
  );
}

/** The relative luminance of WCAG 2. */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const texts = ['n7', 'n8', 'n9', 'accent', 'warn', 'fail', 'open'];
const grounds = ['n0', 'n1', 'n2'];
const marks = ['n6', ...Array.from({ length: 12 }, (_one, index) => `identity-${index}`)];

test.each(['light', 'dark'] as const)('the %s theme has every token', (theme) => {
  const tokens = tokensOf(theme);
  for (const name of [...texts, ...grounds, ...marks, 'n3', 'n4', 'n5'])
    expect(tokens.has(name), name).toBe(true);
});

test.each(['light', 'dark'] as const)(
  'text in the %s theme has a contrast of 4.5 on every ground',
  (theme) => {
    const tokens = tokensOf(theme);
    for (const text of texts)
      for (const ground of grounds)
        expect(
          contrast(tokens.get(text) as string, tokens.get(ground) as string),
          `${text} on ${ground}`,
        ).toBeGreaterThanOrEqual(4.5);
  },
);

test.each(['light', 'dark'] as const)('marks in the %s theme have a contrast of 3 to the ground', (theme) => {
  const tokens = tokensOf(theme);
  for (const mark of marks)
    for (const ground of ['n0', 'n1'])
      expect(
        contrast(tokens.get(mark) as string, tokens.get(ground) as string),
        `${mark} on ${ground}`,
      ).toBeGreaterThanOrEqual(3);
});
