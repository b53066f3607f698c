import { createHash, sign, verify } from "node:crypto";
import { ED25519_KEY_TYPE, openWireReader, type SshKey, toPublicKeyWire, toWireString } from "./ssh-key.ts";

/** SSH signatures (OpenSSH's PROTOCOL.sshsig) as git makes and checks them: namespace `git`, SHA-512, Ed25519. */

const MAGIC = "SSHSIG";
const VERSION = 1;
const NAMESPACE = "git";
const HASH = "sha512";
const SIGNATURE_BYTES = 64;
const FIRST_LINE = "-----BEGIN SSH SIGNATURE-----";
const LAST_LINE = "-----END SSH SIGNATURE-----";
const LINE_CHARS = 70;
/** Our own signatures have 295 characters; nothing longer is decoded. */
const MAX_ARMOR_CHARS = 1_000;

/** The signed bytes, which contain the hash of the message. */
const toSignedBytes = (message: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(MAGIC),
    toWireString(NAMESPACE),
    toWireString(""),
    toWireString(HASH),
    toWireString(createHash(HASH).update(message).digest()),
  ]);

const toNumber = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** Signs a message; throws without the secret half. */
export const createSshSignature = (key: SshKey, message: Buffer): string => {
  if (!key.secret) throw new Error("a public key signs nothing");
  const signature = sign(null, toSignedBytes(message), key.secret);
  const blob = Buffer.concat([
    Buffer.from(MAGIC),
    toNumber(VERSION),
    toWireString(toPublicKeyWire(key)),
    toWireString(NAMESPACE),
    toWireString(""),
    toWireString(HASH),
    toWireString(Buffer.concat([toWireString(ED25519_KEY_TYPE), toWireString(signature)])),
  ]);
  const lines = blob.toString("base64").match(new RegExp(`.{1,${LINE_CHARS}}`, "g")) ?? [];
  return [FIRST_LINE, ...lines, LAST_LINE].join("\n");
};

type OpenedSignature = { readonly publicKey: Buffer; readonly signature: Buffer };

const readArmor = (armored: string): Buffer | null => {
  if (armored.length > MAX_ARMOR_CHARS) return null;
  const lines = armored.split("\n");
  const body = lines.slice(1, -1).join("");
  const isArmor = lines[0] === FIRST_LINE && lines.at(-1) === LAST_LINE && /^[A-Za-z0-9+/]+={0,2}$/.test(body);
  return isArmor ? Buffer.from(body, "base64") : null;
};

/** Opens an armored signature; null for any form but that of {@link createSshSignature}. */
const openSshSignature = (armored: string): OpenedSignature | null => {
  const blob = readArmor(armored);
  if (blob === null) return null;
  try {
    const wire = openWireReader(blob);
    if (wire.take(MAGIC.length).toString("latin1") !== MAGIC || wire.readNumber() !== VERSION) return null;
    const publicKey = wire.readString();
    const terms = [wire.readString(), wire.readString(), wire.readString()].map((each) => each.toString("latin1"));
    if (terms.join("\0") !== [NAMESPACE, "", HASH].join("\0")) return null;
    const inner = openWireReader(wire.readString());
    const [type, signature] = [inner.readString().toString("latin1"), inner.readString()];
    const isWhole = wire.isAtEnd() && inner.isAtEnd();
    return isWhole && type === ED25519_KEY_TYPE && signature.length === SIGNATURE_BYTES ? { publicKey, signature } : null;
  } catch {
    return null;
  }
};

/** The public key that a signature names, as SSH writes it; null for other texts. Whether the key signed is not checked. */
export const readSignatureKey = (armored: string): string | null => {
  const opened = openSshSignature(armored);
  return opened && `${ED25519_KEY_TYPE} ${opened.publicKey.toString("base64")}`;
};

/** Whether a known key signed exactly this message. */
export const isSignedBy = (keys: readonly SshKey[], message: Buffer, armored: string): boolean => {
  const opened = openSshSignature(armored);
  const key = opened && keys.find((each) => toPublicKeyWire(each).equals(opened.publicKey));
  return Boolean(opened && key && verify(null, toSignedBytes(message), key.public, opened.signature));
};
