// Ends of names, without their separators: `db.password`, `X-Auth-Token`, `clientSecret`. Narrower than what a probe hides, whose body
// anybody may read: a log record goes to the operator, who needs its keys, sessions' lengths and counts of tokens.
const ends =
  /(?:password|passwd|pwd|passphrase|passcode|secret|token|apikey|accesskey|privatekey|secretkey|signingkey|encryptionkey|authorization|cookies?|credentials?|jwt|sessionid|connectsid)$/;

/** True if a value by this name is a credential: what may be neither stored nor sent. */
export function isCredentialName(name: string): boolean {
  return ends.test(name.toLowerCase().replace(/[^a-z0-9]/g, ''));
}
