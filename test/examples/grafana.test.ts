import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { typed } from '../cli/support/terminal.js';

const FOLDER = join(__dirname, '../../examples/grafana/provisioning');
const read = (file: string) => parse(readFileSync(join(FOLDER, file), 'utf8'));

test('the dashboard asks for a data source of a kind that is provisioned', async () => {
  const dashboard = JSON.parse((await typed(['dashboard'])).out) as {
    templating: { list: { type: string; query: unknown }[] };
  };
  const asked = dashboard.templating.list
    .filter(({ type }) => type === 'datasource')
    .map(({ query }) => query);
  expect(asked).toEqual(['prometheus']);
  const { datasources } = read('datasources/golden-signals.yaml') as {
    datasources: { uid: string; type: string; jsonData?: { exemplarTraceIdDestinations: object[] } }[];
  };
  const metrics = datasources.find(({ type }) => type === asked[0]);
  expect(metrics?.jsonData?.exemplarTraceIdDestinations).toEqual([
    { name: 'trace_id', datasourceUid: datasources.find(({ type }) => type === 'tempo')?.uid },
  ]);
});

test('the provider reads the folder in which its comment puts the dashboard', () => {
  const text = readFileSync(join(FOLDER, 'dashboards/golden-signals.yaml'), 'utf8');
  const { providers } = parse(text) as { providers: { type: string; options: { path: string } }[] };
  expect(providers).toMatchObject([{ type: 'file' }]);
  expect(text).toContain(`golden-signals dashboard > ${providers[0]?.options.path}/golden-signals.json`);
});
