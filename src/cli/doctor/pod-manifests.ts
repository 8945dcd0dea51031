import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

interface Probe {
  readonly path: string | undefined;
}

/** The settings of the pods of one workload, from its manifest. */
export interface PodManifest {
  readonly file: string;
  readonly name: string;
  readonly gracePeriodS: number | undefined;
  readonly readiness: Probe | undefined;
  readonly liveness: Probe | undefined;
}

const maxDepth = 4;
const maxFiles = 500;
const maxBytes = 1_000_000;
const workloads = /^kind:\s*["']?(Deployment|StatefulSet|DaemonSet|ReplicaSet|Rollout|Pod)["']?\s*$/m;

/** The Kubernetes workloads described in a folder and those below it. */
export function podManifestsIn(folder: string): readonly PodManifest[] {
  return yamlFilesIn(folder).flatMap((file) => {
    const text = readSmall(file);
    return text === undefined ? [] : parsePodManifests(text, relative(folder, file));
  });
}

/**
 * Reads what the doctor asks of a manifest, and no more of YAML: lines, their indentation, scalars. A template's `{{ }}` is no number and
 * passes as unsaid.
 */
export function parsePodManifests(text: string, file: string): readonly PodManifest[] {
  return text
    .split(/^---.*$/m)
    .map((document) => document.replace(/(^|\s)#.*$/gm, ''))
    .filter((document) => workloads.test(document))
    .map((document) => {
      const grace = /^\s*terminationGracePeriodSeconds:\s*(\d+)\s*$/m.exec(document)?.[1];
      return {
        file,
        name: /^ {2}name:\s*["']?([\w.-]+)/m.exec(document)?.[1] ?? 'unnamed',
        gracePeriodS: grace === undefined ? undefined : Number(grace),
        readiness: probeIn(document, 'readinessProbe'),
        liveness: probeIn(document, 'livenessProbe'),
      };
    });
}

/** The lines that are indented further than the probe's own are the probe. */
function probeIn(document: string, name: string): Probe | undefined {
  const lines = document.split('\n');
  const start = lines.findIndex((line) => line.trimStart().replace(/^- /, '').startsWith(`${name}:`));
  if (start < 0) return undefined;
  const first = lines[start] as string;
  const indent = first.indexOf(name);
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.trim() !== '' && line.length - line.trimStart().length <= indent);
  const own = [first, ...(end < 0 ? rest : rest.slice(0, end))].join('\n');
  return { path: /\bpath:\s*["']?(\/[^\s"',}]*)/.exec(own)?.[1] };
}

function yamlFilesIn(folder: string): readonly string[] {
  const files: string[] = [];
  const visit = (at: string, depth: number) => {
    for (const entry of entriesOf(at)) {
      if (files.length >= maxFiles) return;
      const path = join(at, entry.name);
      if (entry.isDirectory()) {
        const isOurs = !entry.name.startsWith('.') && entry.name !== 'node_modules';
        if (isOurs && depth < maxDepth) visit(path, depth + 1);
      } else if (/\.ya?ml$/.test(entry.name)) files.push(path);
    }
  };
  visit(folder, 0);
  return files;
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function readSmall(file: string): string | undefined {
  try {
    return statSync(file).size > maxBytes ? undefined : readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
