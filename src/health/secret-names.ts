const telling = [
  'password',
  'passwd',
  'passphrase',
  'passcode',
  'pwd',
  'secret',
  'token',
  'credential',
  'apikey',
  'accesskey',
  'authorization',
  'cookie',
  'session',
  'signature',
  'bearer',
  'jwt',
];

// Short words that are part of innocent ones (ping, keyspace, design) count only as a whole segment of a name.
const wholeSegments: ReadonlySet<string> = new Set([
  'pass',
  'pw',
  'key',
  'keys',
  'auth',
  'sig',
  'pin',
  'otp',
  'salt',
  'nonce',
]);

const segmentEnd = /[_.-]+|(?<=[a-z0-9])(?=[A-Z])/;

/** True if a value by this name is likely a secret: `DB_PASSWORD`, `x-api-key`, `clientSecret`. */
export function isSecretName(name: string): boolean {
  const lower = name.toLowerCase();
  if (telling.some((word) => lower.includes(word))) return true;
  return name.split(segmentEnd).some((segment) => wholeSegments.has(segment.toLowerCase()));
}
