import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const shared = join(__dirname, '../../dist/shared');

test('what is published reads the getters of the OpenTelemetry API once, not in each call', () => {
  const code = readdirSync(shared).map((file) => readFileSync(join(shared, file), 'utf8'));
  expect(code.join('')).toContain('trace: _opentelemetry_api_trace');
  for (const text of code) expect(text).not.toMatch(/_opentelemetry_api\b(?!_)/);
});
