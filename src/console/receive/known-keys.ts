/** The attributes that the console reads of every span; everything else is read when somebody asks. */
const names = [
  'http.route',
  'http.response.status_code',
  'http.status_code',
  'server.address',
  'server.port',
  'net.peer.name',
  'net.peer.port',
  'peer.service',
  'db.system.name',
  'db.system',
  'messaging.system',
  'messaging.destination.name',
  'rpc.system.name',
  'rpc.system',
] as const;

export const NONE = -1;
export const HTTP_ROUTE = 0;
export const HTTP_STATUS = 1;
export const HTTP_STATUS_OLD = 2;
export const SERVER_ADDRESS = 3;
export const SERVER_PORT = 4;
export const PEER_NAME_OLD = 5;
export const PEER_PORT_OLD = 6;
export const PEER_SERVICE = 7;
export const DB_SYSTEM = 8;
export const DB_SYSTEM_OLD = 9;
export const MESSAGING_SYSTEM = 10;
export const MESSAGING_DESTINATION = 11;

const byLength: (readonly { readonly bytes: Buffer; readonly id: number }[])[] = [];
for (const [id, name] of names.entries()) {
  byLength[name.length] = [...(byLength[name.length] ?? []), { bytes: Buffer.from(name), id }];
}

/** Which of the names stands there, by its place in the list; {@link NONE} for another. */
export function knownKey(bytes: Buffer, start: number, end: number): number {
  const candidates = byLength[end - start];
  if (candidates === undefined) return NONE;
  for (const { bytes: name, id } of candidates) {
    let index = name.length - 1;
    // From the end: most of them begin alike.
    while (index >= 0 && name[index] === bytes[start + index]) index -= 1;
    if (index < 0) return id;
  }
  return NONE;
}
