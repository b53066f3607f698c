import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";

/** An Ed25519 key; `secret` is absent if only the public half is known. */
export type SshKey = {
  /** The 32 bytes of the public key. */
  readonly point: Buffer;
  readonly public: KeyObject;
  readonly secret?: KeyObject;
};

export const ED25519_KEY_TYPE = "ssh-ed25519";
const POINT_BYTES = 32;
const SECRET_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const PUBLIC_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
const OPENSSH_MAGIC = "openssh-key-v1\0";
const OPENSSH_PATTERN = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----/g;
const PEM_PATTERN = /-----BEGIN PRIVATE KEY-----[A-Za-z0-9+/=\s]+-----END PRIVATE KEY-----/g;
const PUBLIC_PATTERN = /^ssh-ed25519 ([A-Za-z0-9+/]+={0,2})(?: .*)?$/gm;

/** Reads the length-prefixed strings of SSH's wire format. Throws if the bytes end early. */
export const openWireReader = (bytes: Buffer) => {
  let offset = 0;
  const take = (length: number): Buffer => {
    if (offset + length > bytes.length) throw new RangeError("the bytes end early");
    offset += length;
    return bytes.subarray(offset - length, offset);
  };
  const readNumber = (): number => take(4).readUInt32BE();
  return { take, readNumber, readString: (): Buffer => take(readNumber()), isAtEnd: (): boolean => offset === bytes.length };
};

export const toWireString = (value: Buffer | string): Buffer => {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

/** The wire form of a public key. */
export const toPublicKeyWire = ({ point }: Pick<SshKey, "point">): Buffer =>
  Buffer.concat([toWireString(ED25519_KEY_TYPE), toWireString(point)]);

/** The line by which SSH and git name a public key. */
export const formatPublicKey = (key: Pick<SshKey, "point">): string => `${ED25519_KEY_TYPE} ${toPublicKeyWire(key).toString("base64")}`;

/** The short name of a public key, as `ssh-keygen -l` prints it. */
export const formatFingerprint = (key: Pick<SshKey, "point">): string =>
  `SHA256:${createHash("sha256").update(toPublicKeyWire(key)).digest("base64").replaceAll("=", "")}`;

const createPublicHalf = (point: Buffer): SshKey => ({
  point,
  public: createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, point]), format: "der", type: "spki" }),
});

/** Makes a key from its 32 secret bytes. */
export const createSshKey = (seed: Buffer): SshKey =>
  withSecret(createPrivateKey({ key: Buffer.concat([SECRET_PREFIX, seed]), format: "der", type: "pkcs8" }));

const withSecret = (secret: KeyObject): SshKey => {
  const spki = createPublicKey(secret).export({ format: "der", type: "spki" });
  return { ...createPublicHalf(spki.subarray(PUBLIC_PREFIX.length)), secret };
};

/** Reads an Ed25519 key of OpenSSH's own format; null if it is encrypted, of another type or broken. */
const readOpenSshKey = (base64: string): SshKey | null => {
  try {
    const wire = openWireReader(Buffer.from(base64, "base64"));
    if (wire.take(OPENSSH_MAGIC.length).toString("latin1") !== OPENSSH_MAGIC) return null;
    const [cipher, derivation] = [wire.readString().toString("latin1"), wire.readString().toString("latin1")];
    wire.readString();
    if (cipher !== "none" || derivation !== "none" || wire.readNumber() !== 1) return null;
    wire.readString();
    const secret = openWireReader(wire.readString());
    if (secret.readNumber() !== secret.readNumber() || secret.readString().toString("latin1") !== ED25519_KEY_TYPE) return null;
    const point = secret.readString();
    const both = secret.readString();
    if (point.length !== POINT_BYTES || both.length !== 2 * POINT_BYTES) return null;
    const key = createSshKey(both.subarray(0, POINT_BYTES));
    return key.point.equals(point) ? key : null;
  } catch {
    return null;
  }
};

const readPemKey = (pem: string): SshKey | null => {
  try {
    const secret = createPrivateKey(pem);
    return secret.asymmetricKeyType === "ed25519" ? withSecret(secret) : null;
  } catch {
    return null;
  }
};

const readPublicKey = (base64: string): SshKey | null => {
  try {
    const wire = openWireReader(Buffer.from(base64, "base64"));
    const [type, point] = [wire.readString().toString("latin1"), wire.readString()];
    return type === ED25519_KEY_TYPE && point.length === POINT_BYTES && wire.isAtEnd() ? createPublicHalf(point) : null;
  } catch {
    return null;
  }
};

/**
 * Reads every Ed25519 key of a text, in order: private keys of OpenSSH's format or as PKCS8 PEM, and public keys as lines. Returns null if
 * the text contains anything else. Line breaks may be written as `\n`, because a variable of an environment often has only one line.
 */
export const readSshKeys = (text: string): readonly SshKey[] | null => {
  const found: { readonly at: number; readonly key: SshKey | null }[] = [];
  const source = text.replaceAll(String.raw`\n`, "\n").replaceAll("\r\n", "\n");
  const collect = (pattern: RegExp, read: (match: readonly string[]) => SshKey | null): string =>
    rest.replaceAll(pattern, (...match) => {
      found.push({ at: Number(match.at(-2)), key: read(match.slice(0, 2).map(String)) });
      return " ".repeat(match[0].length);
    });
  let rest = source;
  rest = collect(OPENSSH_PATTERN, ([, base64 = ""]) => readOpenSshKey(base64));
  rest = collect(PEM_PATTERN, ([pem = ""]) => readPemKey(pem));
  rest = collect(PUBLIC_PATTERN, ([, base64 = ""]) => readPublicKey(base64));
  const keys = found.toSorted((a, b) => a.at - b.at).flatMap(({ key }) => key ?? []);
  return rest.trim() === "" && keys.length === found.length ? keys : null;
};
