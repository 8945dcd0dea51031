// The parts of the OpenTelemetry SDK that are used, with the packages that they come from, as one file: nothing is left for a package
// manager to resolve, and what an application has of OpenTelemetry stays apart from it.
import { existsSync, readFileSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { defineConfig } from 'rolldown';
import { output } from './rolldown.config.mjs';

const api = '@opentelemetry/api';
const severity = '\0severity-number';

/** The API is the application's and may be of version 1.9, which has no `SeverityNumber`: that comes from the API of the build. */
const severityNumber = {
  name: 'severity-number',
  resolveId: (id) => (id === severity ? id : undefined),
  load(id) {
    if (id !== severity) return undefined;
    const api = createRequire(import.meta.url).resolve('@opentelemetry/api');
    return readFileSync(join(dirname(api), 'logs/LogRecord.mjs'), 'utf8');
  },
  transform(code, id) {
    if (id === severity) return undefined;
    const imports = new RegExp(`import \\{([^}]*\\bSeverityNumber\\b[^}]*)\\} from ["']${api}["'];?`, 'g');
    return code.replace(imports, (_all, list) => {
      const names = list.split(',').map((name) => name.trim());
      const others = names.filter((name) => name !== '' && name !== 'SeverityNumber');
      return `import { SeverityNumber } from ${JSON.stringify(severity)}; import { ${others.join(', ')} } from '${api}';`;
    });
  },
};

/** Bundlers take `fs` for a package that somebody may have replaced, `node:fs` for what it is. */
const builtIns = {
  name: 'built-ins',
  resolveId: (id) => (builtinModules.includes(id) ? { id: `node:${id}`, external: true } : undefined),
};

/** Says in THIRD-PARTY.md what is in the file. */
const thirdParty = {
  name: 'third-party',
  generateBundle(_options, bundle) {
    const ids = Object.values(bundle).flatMap((chunk) => Object.keys(chunk.modules ?? {}));
    const manifests = new Set(ids.map(manifestOf).filter((path) => path !== undefined));
    const rows = Array.from(manifests, (path) => {
      const { name, version, license } = JSON.parse(readFileSync(path, 'utf8'));
      // The text of that licence is in LICENSE already.
      if (license !== 'Apache-2.0')
        throw new Error(`${name} has the licence ${license}: add its text to the package`);
      if (existsSync(join(dirname(path), 'NOTICE')))
        throw new Error(`${name} has a NOTICE: add it to the package`);
      return `| ${name} | ${version} | ${license} |`;
    });
    this.emitFile({ type: 'asset', fileName: 'THIRD-PARTY.md', source: thirdPartyText(rows.sort()) });
  },
};

function manifestOf(id) {
  const [path] = id.split('?');
  const at = path.lastIndexOf(`${sep}node_modules${sep}`);
  if (at < 0)
    return id === severity
      ? createRequire(import.meta.url)
          .resolve(api)
          .replace(/dist.*/, 'package.json')
      : undefined;
  const [scope, name] = path.slice(at + 14).split(sep);
  return join(path.slice(0, at + 14), scope, scope.startsWith('@') ? name : '', 'package.json');
}

const thirdPartyText = (rows) => `# Third-party software

\`shared/opentelemetry.js\` contains parts of these packages, unchanged but for being put together and minified.
They are copyright of the OpenTelemetry Authors. The text of their licence is in \`LICENSE\` of this package.

| Package | Version | Licence |
| --- | --- | --- |
${rows.join('\n')}
`;

export default defineConfig({
  input: { opentelemetry: 'src/export/opentelemetry.ts' },
  platform: 'node',
  plugins: [severityNumber, builtIns, thirdParty],
  external: [api, /^node:/],
  output: {
    ...output,
    entryFileNames: 'shared/[name].js',
    minify: true,
  },
});
