import { join, relative } from 'node:path';
import { PACKAGE } from '../../version.js';
import { type Addition, additionTo } from './added-lines.js';
import { type AppMaker, appMakers, type FrameworkName } from './app-maker.js';
import { type AppPlace, appPlacesIn } from './app-place.js';
import { maskedCode } from './masked-code.js';
import { parserOf } from './parser.js';
import type { ServiceFolder } from './service-folder.js';
import { readSource, type SourceFile, sourceFilesIn } from './source-files.js';

type ModuleSystem = 'ES module' | 'CommonJS' | 'TypeScript';

interface Found {
  readonly framework: FrameworkName | undefined;
  readonly moduleSystem: ModuleSystem | undefined;
}

/** What there is to do in a service. */
export type Plan =
  | (Found & { readonly status: 'present'; readonly where: string })
  | (Found & {
      readonly status: 'certain';
      readonly file: string;
      readonly before: string;
      readonly addition: Addition;
    })
  | (Found & { readonly status: 'uncertain'; readonly reason: string; readonly example: readonly string[] });

/** Where and how the service in a folder is to be instrumented; `file` is the one that the user has named. */
export function planFor(folder: string, service: ServiceFolder, file: string | undefined): Plan {
  const files = sourceFilesIn(folder);
  const looked = file === undefined ? files : named(folder, file);
  const present =
    service.registerScript ?? [...looked, ...files].find(({ text }) => isInstrumented(text))?.path;
  const candidates = looked.flatMap((each) => {
    const places = appPlacesIn(each.text);
    return places.length > 0 ? [{ file: each, places }] : [];
  });
  const best = bestOf(candidates, service);
  const maker = best?.places[0]?.maker ?? makerOf(service.packages);
  const moduleSystem = moduleSystemOf(best?.file ?? likeliest(looked, service), service);
  const found = { framework: maker?.framework, moduleSystem };
  if (present !== undefined) return { ...found, status: 'present', where: present };
  const uncertain = (reason: string): Plan => ({
    ...found,
    status: 'uncertain',
    reason,
    example: exampleOf(maker, moduleSystem),
  });
  if (best === undefined) return uncertain(noPlace(file, maker, candidates));
  const [place, ...more] = servedOf(best.places);
  if (place === undefined || more.length > 0)
    return uncertain(
      `${best.file.path} makes ${best.places.length} applications: ${best.places.map(({ app }) => app).join(', ')}`,
    );
  if (/(?<![\w$.])instrument(?![\w$])/.test(maskedCode(best.file.text)))
    return uncertain(`${best.file.path} has a name instrument of its own`);
  const addition = additionTo(best.file.text, place);
  const parser = parserOf(best.file.path, best.file.text, folder);
  if (parser === undefined)
    return uncertain(`nothing here can read ${best.file.path} to make sure that it still parses afterwards`);
  if (!parser(addition.text)) return uncertain(`${best.file.path} would not parse afterwards`);
  return { ...found, status: 'certain', file: best.file.path, before: best.file.text, addition };
}

const loading = new RegExp(`(['"])${PACKAGE}(?<way>/(?:express|fastify|register))?\\1`, 'g');

interface Candidate {
  readonly file: SourceFile;
  readonly places: readonly AppPlace[];
}

function named(folder: string, file: string): readonly SourceFile[] {
  const text = readSource(join(folder, file));
  return text === undefined ? [] : [{ path: relative(folder, join(folder, file)), text }];
}

/** Whether code of a file, and not only a comment of it, loads golden-signals to instrument with it. */
function isInstrumented(text: string): boolean {
  if (!text.includes(PACKAGE)) return false;
  const code = maskedCode(text);
  return [...text.matchAll(loading)].some(
    ({ index, groups }) =>
      code[index] !== ' ' && (groups?.way !== undefined || /(?<![\w$])instrument\s*\(/.test(code)),
  );
}

/** The only one; else, of those of the framework that goes first, the file that starts the service. */
function bestOf(candidates: readonly Candidate[], { entries }: ServiceFolder): Candidate | undefined {
  const rank = ({ places }: Candidate) => appMakers.indexOf((places[0] as AppPlace).maker);
  const first = Math.min(...candidates.map(rank));
  const likely = candidates.filter((candidate) => rank(candidate) === first);
  if (likely.length <= 1) return likely[0];
  for (const entry of entries) {
    const started = likely.find(({ file }) => file.path === entry);
    if (started !== undefined) return started;
  }
  return undefined;
}

function servedOf(places: readonly AppPlace[]): readonly AppPlace[] {
  const served = places.filter(({ isServed }) => isServed);
  return served.length > 0 ? served : places;
}

function makerOf(packages: readonly string[]): AppMaker | undefined {
  return appMakers.find((maker) => maker.packages.some((name) => packages.includes(name)));
}

function likeliest(files: readonly SourceFile[], { entries }: ServiceFolder): SourceFile | undefined {
  return files.find(({ path }) => entries.includes(path)) ?? files[0];
}

function moduleSystemOf(file: SourceFile | undefined, { isModule }: ServiceFolder): ModuleSystem | undefined {
  if (file === undefined) return undefined;
  if (/\.[cm]?ts$/.test(file.path)) return 'TypeScript';
  if (/\.mjs$/.test(file.path)) return 'ES module';
  if (/\.cjs$/.test(file.path)) return 'CommonJS';
  return isModule || /^import\s/m.test(maskedCode(file.text)) ? 'ES module' : 'CommonJS';
}

function noPlace(
  file: string | undefined,
  maker: AppMaker | undefined,
  candidates: readonly Candidate[],
): string {
  if (candidates.length > 0)
    return `${candidates.map(({ file: { path } }) => path).join(', ')} make applications: name one with --file`;
  if (file !== undefined) return `${file} has no statement of its own that makes an application`;
  const what = maker === undefined ? 'an application or server' : `an application of ${maker.framework}`;
  return `no file has a statement of its own that makes ${what}`;
}

/** What to write by hand. */
function exampleOf(maker: AppMaker | undefined, moduleSystem: ModuleSystem | undefined): readonly string[] {
  const load =
    moduleSystem === 'CommonJS'
      ? `const { instrument } = require('${PACKAGE}');`
      : `import { instrument } from '${PACKAGE}';`;
  if (maker === undefined) return [load, 'instrument();   // a worker or a script: no application'];
  return [load, `${maker.example}   // where the application is made`, 'instrument(app);'];
}
