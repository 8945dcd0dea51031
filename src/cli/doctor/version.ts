/** The three numbers of a version; what comes after them does not matter here. */
export type Version = readonly [major: number, minor: number, patch: number];

export function parseVersion(text: string): Version | undefined {
  const [, major, minor, patch] = /^v?(\d+)\.(\d+)\.(\d+)/.exec(text) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

/** `^20.19.0 || >=22.12.0`, as package.json says; a test compares them. */
export function isNodeSupported([major, minor]: Version): boolean {
  if (major === 20) return minor >= 19;
  return major === 22 ? minor >= 12 : major > 22;
}
