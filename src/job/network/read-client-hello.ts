/** The first bytes of a client in a tunnel. */
export type TunnelStart =
  | { readonly kind: "incomplete" }
  /** A TLS handshake. `isHidden`: its real server name is encrypted. */
  | { readonly kind: "tls"; readonly serverName: string | null; readonly isHidden: boolean }
  | { readonly kind: "plain" }
  | { readonly kind: "broken" };

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const RECORD_HEADER_BYTES = 5;
const MAX_RECORD_BYTES = 16_640;
const MAX_HELLO_BYTES = 65_536;
const SERVER_NAME = 0;
const ENCRYPTED_CLIENT_HELLO = 0xfe0d;

type Handshake = { readonly bytes: Buffer; readonly isBroken: boolean };

/** Joins the handshake bytes of all records that are complete. */
const joinRecords = (bytes: Buffer): Handshake => {
  const parts: Buffer[] = [];
  let at = 0;
  while (at + RECORD_HEADER_BYTES <= bytes.length) {
    const [type, major, length] = [bytes.readUInt8(at), bytes.readUInt8(at + 1), bytes.readUInt16BE(at + 3)];
    if (type !== HANDSHAKE_RECORD || major !== 3 || length === 0 || length > MAX_RECORD_BYTES)
      return { bytes: Buffer.concat(parts), isBroken: true };
    const end = at + RECORD_HEADER_BYTES + length;
    if (end > bytes.length) break;
    parts.push(bytes.subarray(at + RECORD_HEADER_BYTES, end));
    at = end;
  }
  return { bytes: Buffer.concat(parts), isBroken: false };
};

/** Reads fields of TLS, each after its length; throws a RangeError behind the end. */
const openFieldReader = (bytes: Buffer) => {
  let at = 0;
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new RangeError("the handshake ends early");
    at += length;
    return bytes.subarray(at - length, at);
  };
  const number = (size: 1 | 2): number => take(size).readUIntBE(0, size);
  return { take, number, field: (size: 1 | 2): Buffer => take(number(size)), isAtEnd: (): boolean => at >= bytes.length };
};

/** The one name in the extension `server_name`. */
const readServerName = (extension: Buffer): string => {
  const names = openFieldReader(openFieldReader(extension).field(2));
  if (names.number(1) !== 0) throw new RangeError("this is not a host name");
  const name = names.field(2).toString("latin1");
  if (!names.isAtEnd()) throw new RangeError("there is more than one name");
  return name;
};

const readHello = (body: Buffer): TunnelStart => {
  const hello = openFieldReader(body);
  // Version and random bytes; then the session, the ciphers and the compressions.
  hello.take(34);
  hello.field(1);
  hello.field(2);
  hello.field(1);
  const found = { serverName: null as string | null, isHidden: false };
  const extensions = openFieldReader(hello.isAtEnd() ? Buffer.alloc(0) : hello.field(2));
  while (!extensions.isAtEnd()) {
    const type = extensions.number(2);
    const content = extensions.field(2);
    if (type === SERVER_NAME && found.serverName !== null) throw new RangeError("there are two server names");
    if (type === SERVER_NAME) found.serverName = readServerName(content);
    if (type === ENCRYPTED_CLIENT_HELLO) found.isHidden = true;
  }
  return { kind: "tls", ...found };
};

/** Reads which server a client asks for with the first bytes of its connection. Total: any bytes have an answer. */
export const readClientHello = (bytes: Buffer): TunnelStart => {
  if (bytes.length === 0) return { kind: "incomplete" };
  if (bytes[0] !== HANDSHAKE_RECORD) return { kind: "plain" };
  const { bytes: handshake, isBroken } = joinRecords(bytes);
  const length = handshake.length < 4 ? null : handshake.readUIntBE(1, 3);
  if ((handshake.length > 0 && handshake[0] !== CLIENT_HELLO) || (length ?? 0) > MAX_HELLO_BYTES) return { kind: "broken" };
  if (length === null || handshake.length < 4 + length) return isBroken ? { kind: "broken" } : { kind: "incomplete" };
  try {
    return readHello(handshake.subarray(4, 4 + length));
  } catch {
    return { kind: "broken" };
  }
};

/** More bytes than any handshake needs until its first message is complete. */
export const MAX_START_BYTES = 2 * MAX_HELLO_BYTES;
