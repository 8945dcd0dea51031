const { bun, deno, node } = process.versions as Readonly<Record<string, string | undefined>>;

/** What runs this process, by the names of OpenTelemetry. Bun and Deno say that they are a Node, too. */
export const RUNTIME: { readonly name: 'nodejs' | 'bun' | 'deno'; readonly version: string } = Object.freeze(
  bun !== undefined
    ? { name: 'bun', version: bun }
    : deno !== undefined
      ? { name: 'deno', version: deno }
      : { name: 'nodejs', version: node ?? '' },
);
